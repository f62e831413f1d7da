"""The words of every speaker."""
