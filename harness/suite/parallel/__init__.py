"""Several processes for one model: torchrun starts them, each holds a part of every weight."""
