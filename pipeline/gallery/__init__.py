"""Voice prints of people who agreed to it: what is stored, where, and how it is removed."""
