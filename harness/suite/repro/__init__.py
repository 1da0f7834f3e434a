"""A reproduction of one check of one cell: a file that needs torch and transformers alone."""
