"""MT-Bench's questions, as the hub has them, read from a data root."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets

from harness.suite.evaluation.choice import chosen
from harness.suite.evaluation.problems import DataProblem
from harness.suite.evaluation.workplace import workplace

REPO = "HuggingFaceH4/mt_bench_prompts"
"""MT-Bench's questions on the hub: prompt (two turns), category, reference (two answers, or none)."""
TURNS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A conversation's questions."""

    number: int
    category: str
    turns: tuple[str, ...]
    references: tuple[str, ...]
    """A right answer to each; none where there is no right one."""


def questions_of(root: Path) -> list[Question]:
    """All of them; DataProblem where one is no conversation."""
    with workplace(root):
        try:
            rows = datasets.load_dataset(REPO, split="train").to_list()
        except Exception as error:  # pyarrow's, the library's own, or anything
            raise DataProblem(
                f"{root / REPO} cannot be read ({type(error).__name__}): fetch it anew with "
                "`harness data fetch mt_bench`"
            ) from error
    return list(_read(rows))


def _read(rows: Sequence[Mapping[str, Any]]) -> Iterator[Question]:
    for number, row in enumerate(rows):
        turns, references = row.get("prompt"), row.get("reference") or []
        texts = isinstance(turns, list) and all(isinstance(one, str) for one in (*turns, *references))
        if not texts or len(turns or ()) != TURNS or len(references) not in (0, TURNS):
            raise DataProblem(
                f"row {number + 1} of {REPO} is no conversation of {TURNS} turns: fetch it anew with "
                "`harness data fetch mt_bench`"
            )
        yield Question(
            number=number,
            category=str(row.get("category")),
            turns=tuple(turns or ()),
            references=tuple(references) if all(references) else (),
        )


def picked(questions: Sequence[Question], budget: int | None, seed: int) -> list[Question]:
    """Spread over the categories."""
    kinds: dict[str, list[Question]] = {}
    for one in questions:
        kinds.setdefault(one.category, []).append(one)
    taken = chosen({name: len(each) for name, each in kinds.items()}, budget, seed)
    return [kinds[name][number] for name, numbers in taken.items() for number in numbers]
