"""How good are a model's answers? Asked by lm_eval, inside the container."""
