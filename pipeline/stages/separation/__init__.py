"""One stream per speaker, and the decision for every overlap."""
