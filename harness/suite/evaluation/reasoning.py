"""What a model that thinks aloud thought, and what it answered; texts alone, no model is needed.

Where a mark is a special token of a tokenizer, its text is there only if decoding kept special tokens.
"""

from collections.abc import Callable
from dataclasses import dataclass

CUT = frozenset({"length", "time"})
"""Ends of a generation that are none of the model's."""
SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What a model writes before and after its thinking."""

    opens: str
    closes: str
    bare: bool = False
    """Chat templates open the thinking, and the answer holds the closing mark alone."""
    whose: str


MARKS = (
    Marks(opens="<think>", closes="</think>", bare=True, whose="DeepSeek-R1, Qwen3, QwQ, GLM-4.5, Hunyuan"),
    Marks(opens="<seed:think>", closes="</seed:think>", bare=True, whose="Seed-OSS"),
    Marks(opens="◁think▷", closes="◁/think▷", bare=True, whose="Kimi-VL"),
    Marks(opens="[THINK]", closes="[/THINK]", whose="Magistral, Ministral"),
    Marks(opens="<|START_THINKING|>", closes="<|END_THINKING|>", whose="Command A Reasoning"),
    Marks(opens="<|channel|>analysis<|message|>", closes="<|channel|>final<|message|>", whose="gpt-oss"),
    Marks(opens="<|channel>thought", closes="<channel|>", whose="Gemma 4"),
    Marks(opens="Here is my thought process:", closes="Here is my response:", whose="Granite 3.2"),
    Marks(opens="Here's my thought process:", closes="Here's my response:", whose="Granite 3.2, quantised"),
)
"""As their chat templates and vLLM's parsers have them (`vllm/reasoning/` of the project's repository); that
DeepSeek-R1's and QwQ's templates open the thinking is said in the discussions of their repositories."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A text that was generated, in two."""

    thinking: str | None
    """None where the model did not think aloud."""
    answer: str
    """Empty where the thinking never ended."""
    closed: bool
    """Whether the thinking ended; true where there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """How much of what a model may generate it has thought."""

    tokens: int
    budget_used: float
    """Of the most tokens that were allowed, 0 to 1."""


def opens_thinking(prompt: str) -> bool:
    """Whether what a model is asked ends within its thinking, as some chat templates have it."""
    return any(prompt.rstrip().endswith(row.opens) for row in MARKS)


def marks_of(template: str | None) -> Marks | None:
    """What a model's thinking stands between, told by its chat template; None where that knows of none."""
    return next((row for row in MARKS if template and row.closes in template), None)


def part(text: str, *, opened: bool = False) -> Parts:
    """Thinking and answer; `opened` says that the prompt has opened the thinking.

    As with lm_eval's `think_end_token`, the answer is what follows the last closing mark, its leading blanks
    stripped. A mark in the midst of an answer opens nothing.
    """
    begun = text.lstrip()
    marks = next((row for row in MARKS if begun.startswith(row.opens)), None)
    if marks is not None:
        begun = begun.removeprefix(marks.opens)
    else:
        marks = next((row for row in MARKS if (row.bare or opened) and row.closes in text), None)
        if marks is None and not opened:
            return Parts(thinking=None, answer=text, closed=True)
    if marks is None or marks.closes not in begun:
        return Parts(thinking=begun, answer="", closed=False)
    thinking, _, answer = begun.rpartition(marks.closes)
    return Parts(thinking=thinking, answer=answer.lstrip(), closed=True)


def thinking(parts: Parts, count: Callable[[str], int], budget: int) -> Thinking | None:
    """What the thinking took of `budget` ≥ 1 tokens, where `count` counts those of a text; None of none."""
    if parts.thinking is None:
        return None
    tokens = count(parts.thinking)
    return Thinking(tokens=tokens, budget_used=min(1.0, tokens / budget))


def truncated(parts: Parts, stopped: str) -> bool:
    """Whether there was more to come: it was cut, or still thought when it ended."""
    return stopped in CUT or not parts.closed


def shown(text: str, limit: int = SHOWN) -> str:
    """The text for people, in one line: what cannot be printed is escaped, and what is long is cut.

    For tables and terminals only; what is scored is the text itself.
    """
    cut = text if len(text) <= limit else f"{text[:limit]}…"
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in cut
    )
