"""From what lm_eval logs of each question to `Scored`: its values in our words, and what its answers took."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.results.scored import FLEXIBLE, PASS_AT_1, STRICT, Repeat, Scored
from harness.suite.evaluation.kept import Answer, Answers

NOTHING = "[invalid]"
"""What lm_eval's filters give where they find no answer (`lm_eval/filters/extraction.py`)."""
LOOSE = "flexible-extract"
"""The filter that takes an answer wherever it stands."""
VALUES = {
    "acc": "accuracy",
    "acc_norm": "accuracy_norm",
    "exact_match": STRICT,
    "math_verify": FLEXIBLE,
    "pass@1": PASS_AT_1,
    "pass_at_1": PASS_AT_1,
    "f1": "f1",
    "score": "similarity",
}
"""lm_eval's name of a metric → ours; what is not here is another form of one that is."""
GENERATION = "generate_until"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """All questions put once."""

    turn: int
    samples: Mapping[str, Sequence[Mapping[str, Any]]]
    """Task → lm_eval's log, a row a question and filter."""


def judged(passes: Sequence[Pass], answers: Answers, score: str) -> list[Scored]:
    """A row a question. With several passes each value is that of the first, and `repeats` has them all."""
    return [
        _scored(subtask, str(number), [_rows(one, subtask, number) for one in passes], passes, answers, score)
        for subtask, rows in passes[0].samples.items()
        for number in dict.fromkeys(row["doc_id"] for row in rows)
    ]


def samples(passes: Sequence[Pass], answers: Answers) -> Iterable[dict[str, Any]]:
    """A line a question, pass and filter, for people: what was expected, answered, taken from it, scored."""
    for one in passes:
        for subtask, rows in one.samples.items():
            for row in rows:
                yield {
                    "subtask": subtask,
                    "sample": row["doc_id"],
                    "turn": one.turn,
                    "filter": row["filter"],
                    "target": str(row["target"]),
                    "answers": [answer.text or answer.value for answer in _answers(row, one.turn, answers)],
                    "taken": [str(taken) for taken in row["filtered_resps"]],
                    "prompt_sha256": row["prompt_hash"],
                    **_values([row]),
                }


def _rows(one: Pass, subtask: str, number: Any) -> list[Mapping[str, Any]]:
    return [row for row in one.samples[subtask] if row["doc_id"] == number]


def _scored(
    subtask: str,
    sample: str,
    asked: Sequence[Sequence[Mapping[str, Any]]],
    passes: Sequence[Pass],
    answers: Answers,
    score: str,
) -> Scored:
    given = [
        answer
        for rows, one in zip(asked, passes, strict=True)
        for answer in _answers(rows[0], one.turn, answers)
    ]
    generated = [answer for answer in given if answer.stopped]
    seconds = [answer.seconds for answer in given if answer.seconds is not None]
    tokens = [answer.tokens for answer in generated if answer.tokens is not None]
    several = len(passes) > 1
    return Scored(
        sample=sample,
        subtask=subtask,
        values=_values(asked[0]),
        invalid=_taken(asked[0]) is None if _is_generation(asked[0]) else None,
        truncated=any(answer.stopped in {"length", "time"} for answer in generated) if generated else None,
        tokens=sum(tokens) if tokens else None,
        seconds=sum(seconds) if len(seconds) == len(given) else None,
        repeats=tuple(Repeat(answer=_taken(rows), score=_values(rows)[score]) for rows in asked)
        if several
        else (),
    )


def _values(rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Our name → value, of all filters of a question."""
    found: dict[str, float] = {}
    for row in rows:
        for name in row["metrics"]:
            ours = FLEXIBLE if row["filter"] == LOOSE else VALUES.get(name)
            if ours is not None:
                found[ours] = float(row[name])
    return found


def _is_generation(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether an answer is a text: of a choice, the filtered answers are log-likelihoods."""
    return all(isinstance(taken, str | list) for row in rows for taken in row["filtered_resps"])


def _taken(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """What the most lenient filter took from the answer; None where that is nothing."""
    taken = next((row for row in rows if row["filter"] == LOOSE), rows[0])["filtered_resps"][0]
    text = str(taken[0] if isinstance(taken, list) else taken).strip()
    return None if text in {"", NOTHING} else text


def _answers(row: Mapping[str, Any], turn: int, answers: Answers) -> list[Answer]:
    """What is kept of the answers to a question's requests."""
    found = [answers.of(_kind(arguments), arguments, turn) for arguments in row["arguments"]]
    return [answer for answer in found if answer is not None]


def _kind(arguments: Sequence[Any]) -> str:
    """What a request asks, told from its arguments: settings stand where a generation is asked for."""
    if len(arguments) == 1:
        return "loglikelihood_rolling"
    return GENERATION if isinstance(arguments[1], Mapping) else "loglikelihood"
