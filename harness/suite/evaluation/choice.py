"""Which of a dataset's questions are asked where not all are: spread over its subtasks, by a seed."""

import hashlib
from collections.abc import Mapping


def chosen(counts: Mapping[str, int], budget: int | None, seed: int) -> dict[str, list[int]]:
    """Ascending indices of the questions to ask, for each subtask that has any; `counts` are how many there are.

    In all there are `budget` of them, or as many as there are questions; None asks every one. Subtasks get
    shares in proportion to their sizes, as lm_eval weighs them in the score of a group, and each question of the
    dataset has the same chance: a systematic sample of each stratum with a random start (Cochran, Sampling
    Techniques, 3rd edition 1977, chapters 5 and 8). What is chosen for a smaller budget is among what is chosen
    for a larger one with the same seed. Hashes decide, so that all machines and Python versions choose alike.

    Ascending, since lm_eval numbers the questions in their order whatever the order of the indices; a subtask
    of none is left out, since lm_eval takes an empty list for all.
    """
    if budget is not None and budget < 1:
        raise ValueError(f"a budget of {budget} questions asks nothing: give 1 or more")
    line = sorted(
        ((position + _start(seed, subtask)) / count, subtask, index)
        for subtask, count in counts.items()
        for position, index in enumerate(_shuffled(seed, subtask, count))
    )
    taken: dict[str, list[int]] = {}
    for _, subtask, index in line[:budget]:
        taken.setdefault(subtask, []).append(index)
    return {subtask: sorted(taken[subtask]) for subtask in counts if subtask in taken}


def _start(seed: int, subtask: str) -> float:
    """At least 0 and less than 1 (or 1, once in 2**54 names)."""
    return int.from_bytes(_hash(seed, subtask, "start")) / 2**256


def _shuffled(seed: int, subtask: str, count: int) -> list[int]:
    return sorted(range(count), key=lambda index: _hash(seed, subtask, str(index)))


def _hash(*parts: object) -> bytes:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
