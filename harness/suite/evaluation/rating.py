"""What a judge is asked of an answer, and what its rating is read from.

MT-Bench is FastChat's (Zheng et al., "Judging LLM-as-a-judge with MT-Bench and Chatbot Arena", 2023,
arXiv:2306.05685). Its prompts for one answer are the rows single-v1, single-math-v1 and their -multi-turn of
fastchat/llm_judge/data/judge_prompts.jsonl (github.com/lm-sys/FastChat). Where that file lies beside the
questions it is used, and ratings can be held against published ones. The prompts below ask the same in words
of our own, under the same names.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from harness.suite.evaluation.problems import DataProblem

PUBLISHED = "judge_prompts.jsonl"
LEAST, MOST = 1.0, 10.0
"""Ratings."""
RATING = (re.compile(r"\[\[(\d+(?:\.\d+)?)\]\]"), re.compile(r"\[(\d+(?:\.\d+)?)\]"))
"""As asked for, else as some judges write it; as FastChat's common.py has them."""
PLACE = re.compile(r"\{(\w+)\}")
RATE = (
    "Look at how helpful, relevant, correct, deep, original and detailed it is. First give your reasons in a "
    "few sentences. Then end with a rating between 1 (of no use) and 10 (could hardly be better), in this "
    "form and no other: Rating: [[5]]"
)
REFER = "Hold it against the reference answer, and name its mistakes. "
ONCE = "You are given a question and the answer of an assistant. Rate the answer. "
TWICE = "You are given a conversation of a user with an assistant. Rate the answer to the second question. "
ANSWER = "### Question\n{question}\n\n### Answer to rate\n{answer}"
CONVERSATION = (
    "### First question\n{question_1}\n\n### Answer\n{answer_1}\n\n### Second question\n{question_2}\n\n"
    "### Answer to rate\n{answer_2}"
)
REFERENCE = "\n\n### Reference answer\n{ref_answer_1}"
REFERENCES = "\n\n### Reference answers\n{ref_answer_1}\n\n{ref_answer_2}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a judge is told, and shown; what stands in braces is put in."""

    system_prompt: str
    prompt_template: str

    def messages(self, parts: Mapping[str, str]) -> list[dict[str, str]]:
        """The conversation that asks for a rating."""
        shown = PLACE.sub(lambda place: parts.get(place[1], place[0]), self.prompt_template)
        return [{"role": "system", "content": self.system_prompt}, {"role": "user", "content": shown}]


OWN = {
    "single-v1": Prompt(system_prompt=ONCE + RATE, prompt_template=ANSWER),
    "single-math-v1": Prompt(system_prompt=ONCE + REFER + RATE, prompt_template=ANSWER + REFERENCE),
    "single-v1-multi-turn": Prompt(system_prompt=TWICE + RATE, prompt_template=CONVERSATION),
    "single-math-v1-multi-turn": Prompt(
        system_prompt=TWICE + REFER + RATE, prompt_template=CONVERSATION + REFERENCES
    ),
}
"""FastChat's name of a prompt → ours in its place."""


def prompts(folder: Path) -> tuple[Mapping[str, Prompt], str]:
    """The published prompts where they lie in the folder, else our own; and which, in words.

    DataProblem where the file is not as FastChat has it.
    """
    path = folder / PUBLISHED
    if not path.is_file():
        return OWN, "our own"
    try:
        content = path.read_bytes()
        rows = {row["name"]: row for row in map(json.loads, content.splitlines()) if row["name"] in OWN}
        found = {
            name: Prompt(
                system_prompt=rows[name]["system_prompt"], prompt_template=rows[name]["prompt_template"]
            )
            for name in OWN
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataProblem(
            f"{path} is not FastChat's file of prompts for judges ({error!r}): take it from "
            "fastchat/llm_judge/data, or remove it to judge by our own"
        ) from error
    return found, f"{PUBLISHED} {sha256(content).hexdigest()[:16]}"


def rating(text: str) -> float | None:
    """The last rating in a judge's text, since it may quote the answer before it; None where there is none.

    One outside 1 to 10 is none.
    """
    found = next((numbers for pattern in RATING if (numbers := pattern.findall(text))), [])
    value = float(found[-1]) if found else 0.0
    return value if LEAST <= value <= MOST else None
