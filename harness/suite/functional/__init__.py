"""Is it right? One pytest test a check a cell."""
