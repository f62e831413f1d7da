"""Worker processes and Ray actors."""
