"""Training of the bundled weights; run from the repository's folder with ``python -m``."""
