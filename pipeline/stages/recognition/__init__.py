"""Speech recognition: the words of every speaker."""
