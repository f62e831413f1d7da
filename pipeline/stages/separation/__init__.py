"""Source separation of overlapped speech: one stream per speaker, and the decision for every overlap region."""
