"""Which of a dataset's questions are asked where not all are: spread over its subtasks, by a seed."""

import hashlib
from collections.abc import Mapping

TURN = 2**64
GOLDEN = 0x9E3779B97F4A7C15
"""TURN over the golden ratio, as an odd number (Knuth, The Art of Computer Programming 3, section 6.4)."""


def chosen(counts: Mapping[str, int], budget: int | None, seed: int) -> dict[str, list[int]]:
    """Ascending indices of the questions to ask, by subtask; `counts` are how many questions each has.

    In all there are `budget` of them, or as many as there are questions; None asks every one. Each question
    of the dataset has the same chance. Subtasks get shares in proportion to their sizes, as lm_eval weighs
    them in the score of a group. What is chosen for a smaller budget is among what is chosen for a larger one
    with the same seed. Only whole numbers and a hash decide, so that all machines and Python versions choose
    alike. ValueError where the budget is less than 1.

    Ascending, since lm_eval numbers the questions in their order whatever the order of the indices; a subtask
    of none is left out, since lm_eval takes an empty list for all.
    """
    if budget is not None and budget < 1:
        raise ValueError(f"a budget of {budget} questions asks nothing: give 1 or more")
    line = [(subtask, index) for subtask in sorted(counts) for index in range(counts[subtask])]
    taken: dict[str, list[int]] = {}
    for place in sorted(_spread(len(line), seed)[:budget]):
        subtask, index = line[place]
        taken.setdefault(subtask, []).append(index)
    return {subtask: taken[subtask] for subtask in counts if subtask in taken}


def _spread(count: int, seed: int) -> list[int]:
    """Places on a line of `count`, each once, in an order of which any stretch is spread over the whole line.

    Place i stands at i golden ratios on a circle, and one goes around it: of any part of the line, an arc
    has as many places as its length tells, but for a few (Kuipers and Niederreiter, Uniform Distribution of
    Sequences, 1974, chapter 2, section 3). The seed says where one begins, at each place as likely.
    """
    around = sorted(range(count), key=lambda place: place * GOLDEN % TURN)
    begin = int.from_bytes(hashlib.sha256(str(seed).encode()).digest()) % max(count, 1)
    return around[begin:] + around[:begin]
