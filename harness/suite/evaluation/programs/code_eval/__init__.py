"""A folder that the working directory of lm_eval gets, so that tasks find the metric in it."""
