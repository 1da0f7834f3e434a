"""How fast is it? One pytest-benchmark test a phase a cell."""
