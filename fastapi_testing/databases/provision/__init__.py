"""The databases of the tests' own: made beside the configured one, and removed."""
