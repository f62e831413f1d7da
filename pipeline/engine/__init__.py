"""Running the stages of a recording: keys, cache, models, progress."""
