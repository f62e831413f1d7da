"""Speaker diarization: turns of every speaker."""
