"""Who speaks when: turns."""
