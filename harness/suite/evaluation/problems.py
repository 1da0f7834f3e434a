"""What can be wrong with data, as one sentence that a person can act on."""


class DataProblem(Exception):
    """The data of a dataset is not there, is broken, or lacks something: what, where, and what to do."""
