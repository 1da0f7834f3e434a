"""What stands before a model in a pipeline: tokenizers, image processors, feature extractors, all tiny."""
