"""Assembly of the transcript: utterances, the overlap ledger, duplicates, hallucinations, coverage."""
