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

Log = Mapping[str, Any]
"""What lm_eval logs of a question and a filter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """All questions put once."""

    turn: int
    samples: Mapping[str, Sequence[Log]]
    """Task → lm_eval's log, a row a question and filter."""

    def questions(self) -> dict[tuple[str, str], list[Log]]:
        """Subtask and number of each question → its rows."""
        found: dict[tuple[str, str], list[Log]] = {}
        for subtask, rows in self.samples.items():
            for row in rows:
                found.setdefault((subtask, str(row["doc_id"])), []).append(row)
        return found


def judged(passes: Sequence[Pass], answers: Answers, score: str, budget: int) -> list[Scored]:
    """A row a question. With several passes each value is that of the first, and `repeats` has them all.

    `budget` are the most tokens that an answer was allowed.
    """
    asked = [one.questions() for one in passes]
    found = []
    for key in asked[0]:
        turns = [(one.turn, rows[key]) for one, rows in zip(passes, asked, strict=True)]
        found.append(_scored(key, turns, answers, score, budget))
    return found


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


def _scored(
    key: tuple[str, str],
    asked: Sequence[tuple[int, Sequence[Log]]],
    answers: Answers,
    score: str,
    budget: int,
) -> Scored:
    """One question, with the rows of each turn that it was put in."""
    given = [answer for turn, rows in asked for answer in _answers(rows[0], turn, answers)]
    generated = [answer for answer in given if answer.stopped]
    seconds = [answer.seconds for answer in given if answer.seconds is not None]
    tokens = [answer.tokens for answer in generated if answer.tokens is not None]
    thought = [answer.thinking for answer in generated if answer.thinking is not None]
    first = asked[0][1]
    repeats = [Repeat(answer=_taken(rows), score=_values(rows)[score]) for _, rows in asked]
    return Scored(
        sample=key[1],
        subtask=key[0],
        content=first[0]["doc_hash"],
        values=_values(first),
        invalid=_taken(first) is None if _is_generation(first) else None,
        truncated=any(answer.cut for answer in generated) if generated else None,
        tokens=sum(tokens) if tokens else None,
        seconds=sum(seconds) if len(seconds) == len(given) else None,
        thinking_tokens=sum(thought) if thought else None,
        thinking_budget_used=min(1.0, sum(thought) / (budget * len(thought))) if thought else None,
        repeats=tuple(repeats) if len(repeats) > 1 else (),
    )


def _values(rows: Iterable[Log]) -> dict[str, float]:
    """Our name → value, of all filters of a question."""
    found: dict[str, float] = {}
    for row in rows:
        for name in row["metrics"]:
            ours = FLEXIBLE if row["filter"] == LOOSE else VALUES.get(name)
            if ours is not None:
                found[ours] = float(row[name])
    return found


def _is_generation(rows: Sequence[Log]) -> bool:
    """Whether an answer is a text: of a choice, the filtered answers are log-likelihoods."""
    return all(isinstance(taken, str | list) for row in rows for taken in row["filtered_resps"])


def _taken(rows: Sequence[Log]) -> str | None:
    """What the most lenient filter took from the answer; None where that is nothing."""
    taken = next((row for row in rows if row["filter"] == LOOSE), rows[0])["filtered_resps"][0]
    text = str(taken[0] if isinstance(taken, list) else taken).strip()
    return None if text in {"", NOTHING} else text


def _answers(row: Log, turn: int, answers: Answers) -> list[Answer]:
    """What is kept of the answers to a question's requests."""
    found = [answers.of(_kind(arguments), arguments, turn) for arguments in row["arguments"]]
    return [answer for answer in found if answer is not None]


def _kind(arguments: Sequence[Any]) -> str:
    """What a request asks, told from its arguments: settings stand where a generation is asked for."""
    if len(arguments) == 1:
        return "loglikelihood_rolling"
    return GENERATION if isinstance(arguments[1], Mapping) else "loglikelihood"
