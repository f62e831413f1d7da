"""Words to utterances: duplicates, hallucinations, coverage."""
