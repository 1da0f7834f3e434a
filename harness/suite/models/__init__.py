"""Building a model, tiny or at full width, its inputs, and its size."""
