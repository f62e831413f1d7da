"""Word, speaker and diarization error rates."""
