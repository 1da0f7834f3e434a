"""What this machine can do: the ceilings that a model's figures are read against."""
