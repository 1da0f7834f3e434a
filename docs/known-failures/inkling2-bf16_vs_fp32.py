"""Raises in bfloat16: the router (line 711) turns its input to float32 and multiplies it with a weight that is left in bfloat16."""

from harness.suite.models.build import tiny_pair  # any Inkling2TextModel in bfloat16 does it
