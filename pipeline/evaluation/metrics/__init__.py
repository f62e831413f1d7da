"""Word, speaker and diarization error rates. These modules depend only on `pipeline.core` and `pipeline.formats`."""
