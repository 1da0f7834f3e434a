"""What a model needs, from its configuration alone: parameters, bytes, cache, activations."""
