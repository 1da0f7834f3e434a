"""The right answer to a question, and a wrong one, made of the question's own row, as its task reads answers.

What differs between tasks is a row of `FORMS`: the longest beginning of a task's name decides.
"""

import ast
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
Make = Callable[[Row], str]

OPPOSITES = {"True": "False", "Yes": "No", "yes": "no", "valid": "invalid"}
OPPOSITES |= {word: opposite for opposite, word in OPPOSITES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How the answers to the questions of a task are written."""

    right: Make
    wrong: Make


def form(task: str) -> Form:
    """The row of that task; KeyError where there is none, which needs one added."""
    fitting = [start for start in FORMS if task.startswith(start)]
    if not fitting:
        raise KeyError(f"nothing says how an answer to {task} is written: add a row to FORMS")
    return FORMS[max(fitting, key=len)]


def other(answer: str) -> str:
    """Another answer: a letter or number in place of another, the opposite, or a word apart.

    Numbers are far apart, since some tasks take what differs by 5%, and words too, since some look for the
    right ones anywhere in an answer.
    """
    if answer in OPPOSITES:
        return OPPOSITES[answer]
    if option := re.fullmatch(r"(\(?)([A-Z])(\)?)", answer):
        return f"{option[1]}{'B' if option[2] == 'A' else 'A'}{option[3]}"
    if number := re.fullmatch(r"(\D*?)(-?\d[\d,]*)(.*)", answer, re.DOTALL):
        return f"{number[1]}{3 * int(number[2].replace(',', '')) + 1}{number[3]}"
    return apart([answer])


def apart(answers: list[str]) -> str:
    """A word that has no letter in common with any of the answers: similarity counts letters or words."""
    taken = set("".join(answers).lower())
    letters = (letter for letter in map(chr, itertools.count(ord("a"))) if letter.isalpha())
    return next(letter for letter in letters if letter not in taken) * 4


def _other_class(row: Row) -> str:
    """A class that is not the right one and does not contain its name."""
    right = row["answers"][0]
    return next(name for name in row["all_classes"] if right not in name)


def _returns_none(row: Row) -> str:
    """The program with each of its functions doing nothing."""
    functions = [node.name for node in ast.parse(row["code"]).body if isinstance(node, ast.FunctionDef)]
    return row["code"] + "".join(f"\n\ndef {name}(*_, **__):\n    return None\n" for name in functions)


def _of_answers(wrong: Make) -> Form:
    return Form(right=lambda row: row["answers"][0], wrong=wrong)


def _said(sentence: str, key: str) -> Form:
    """An answer that the task finds in a sentence."""
    return Form(
        right=lambda row: sentence.format(row[key]), wrong=lambda row: sentence.format(other(row[key]))
    )


FINAL = "{}\nFinal Answer: The final answer is ${}$. I hope it is correct."

FORMS = {
    "chartqa": Form(
        right=lambda row: f"Final Answer: {row['label'][0]}",
        wrong=lambda row: f"Final Answer: {other(row['label'][0])}",
    ),
    "gsm8k": Form(
        right=lambda row: row["answer"], wrong=lambda row: f"#### {other(row['answer'].split('#### ')[-1])}"
    ),
    "humaneval": Form(right=lambda row: row["canonical_solution"], wrong=lambda _: "    return None\n"),
    "mbpp": Form(right=lambda row: row["code"], wrong=_returns_none),
    "hendrycks_math": Form(
        right=lambda row: f"${row['answer']}$", wrong=lambda row: f"${row['answer']} + 1$"
    ),
    "minerva_math": Form(
        right=lambda row: FINAL.format(row["solution"], row["answer"]),
        wrong=lambda row: FINAL.format("", f"{row['answer']} + 1"),
    ),
    "mmmu": _said("{}", "answer"),
    "mmlu_pro": _said("The answer is ({}).", "answer"),
    "bbh": _said("So the answer is {}.", "target"),
    "longbench": _of_answers(lambda row: apart(row["answers"])),
    "longbench_lsht": _of_answers(_other_class),
    "longbench_passage_count": _of_answers(lambda row: other(row["answers"][0])),
    "longbench_passage_retrieval": _of_answers(lambda row: other(row["answers"][0])),
    "longbench_trec": _of_answers(_other_class),
}
"""Beginning of the names of tasks that take a text → how it is written."""


def right_choices(task: str, row: Row, target: Any, choices: list[str]) -> set[int]:
    """Which of the choices are right, where the task compares how likely they are.

    `target` is what the task itself names: an index, a choice, or several.
    """
    if task in LABELLED:
        return {index for index, label in enumerate(row[LABELLED[task]]["labels"]) if label}
    targets = target if isinstance(target, list) else [target]
    return {choices.index(one) if isinstance(one, str) else int(one) for one in targets}


LABELLED = {"truthfulqa_mc2": "mc2_targets"}
"""Tasks with several right choices → the field that labels them."""
