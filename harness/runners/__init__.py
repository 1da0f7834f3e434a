"""How it is run: a batch of cells, a runner and a door → results, and nothing left behind."""
