"""What to run: matrix.json → models, devices → cells → batches."""
