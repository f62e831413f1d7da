"""One or several channels, and the bleed between them."""
