"""The matrix as jobs of a CI platform: what is run where, in shares that end at nearly the same time."""
