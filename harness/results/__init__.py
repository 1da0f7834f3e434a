"""What came out: the record of a result, the store, the verdict and the report."""
