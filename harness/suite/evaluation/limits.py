"""Where a generation ends, row by row: at the model's own end, at a word of the task, or when its time is up.

lm_eval lets a batch go on until one and the same word has ended all of its rows, and transformers' `max_time`
ends a batch without telling which rows it cut. Here a row that has ended is padded from then on, as the
library does with rows that end by themselves, and the batch ends with its last row. Words inside of thinking
end nothing. A forward is never broken off: time is looked at between tokens.
"""

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils_hf import MultiTokenEOSCriteria
from transformers import StoppingCriteria, StoppingCriteriaList

from harness.suite.evaluation.reasoning import Marks, opens_thinking

END, STOP, LENGTH, TIME, THOUGHT = "end", "stop", "length", "time", "thought"
"""Why a generation ended: by the model, at a word, with its last token, for its time, or by the model while
it still thought."""
TAIL = 40
"""Last tokens of a question, among which a chat template may open the thinking: a mark in bytes, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the generation of a row ended."""

    why: str
    tokens: int
    """That were generated, the end or the word that ended it included."""
    seconds: float
    """From the beginning of the batch to its last token."""
    thinking: int | None = None
    """Tokens until the thinking ended, its marks included; None where there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """Which rows of a batch are still thinking, and not answering yet."""

    opened: Sequence[bool]
    """Whether the row's question has opened its thinking."""
    opens: MultiTokenEOSCriteria
    closes: MultiTokenEOSCriteria

    def lasts(self, row: int) -> bool:
        """Whether what the row was given last is thought."""
        return self.began(row) and not self.closes.done_tracker[row]

    def began(self, row: int) -> bool:
        """Whether the row has thought at all; a mark that closes what nothing opened is none."""
        return self.opened[row] or self.opens.done_tracker[row]


class Rows(StoppingCriteria):
    """Ends each row of a batch by itself, and tells why."""

    def __init__(
        self,
        context: torch.Tensor,
        *,
        ends: Collection[int] = (),
        words: Sequence[MultiTokenEOSCriteria] = (),
        thought: Thought | None = None,
        seconds: float | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Of the batch [rows, tokens] whose generation begins now.

        `ends` are the model's tokens; while the `thought` of a row lasts no word counts; `seconds` are those
        of a row, which begin with the batch.
        """
        self.done = torch.zeros(len(context), dtype=torch.bool, device=context.device)
        """Rows that have ended, bool [rows]; changed in place."""
        self._ends, self._words, self._thought = frozenset(ends), words, thought
        self._watched = [*words, *((thought.opens, thought.closes) if thought else ())]
        self._seconds, self._clock, self._began = seconds, clock, clock()
        self._found: list[Ending | None] = [None] * len(context)
        self._closed = [False] * len(context)
        self._thinking: list[int | None] = [None] * len(context)
        self._tokens, self._last = 0, 0.0

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        """Look at the token that each row was given."""
        self._tokens, self._last = self._tokens + 1, self._clock() - self._began
        for watched in self._watched:
            watched(input_ids, scores)
        ended = []
        for row, token in enumerate(input_ids[:, -1].tolist()):
            if self._found[row] is not None:
                continue
            thought = self._think(row)
            if why := self._why(token, row, thought=thought):
                self._found[row] = self._ending(row, why)
                ended.append(row)
        if ended:
            self.done[ended] = True
        return self.done

    def endings(self) -> list[Ending]:
        """How each row ended; those that did not were cut at the last token that was asked for."""
        return [found or self._ending(row, LENGTH) for row, found in enumerate(self._found)]

    def _ending(self, row: int, why: str) -> Ending:
        return Ending(why=why, tokens=self._tokens, seconds=self._last, thinking=self._thinking[row])

    def _think(self, row: int) -> bool:
        """Whether the row still thinks; its tokens are counted up to the one that closes the thinking."""
        if self._thought is None or not self._thought.began(row):
            return False
        lasts = self._thought.lasts(row)
        if not self._closed[row]:
            self._thinking[row] = self._tokens
        self._closed[row] = not lasts
        return lasts

    def _why(self, token: int, row: int, *, thought: bool) -> str:
        """What ends the row with this token; empty where nothing does."""
        if token in self._ends:
            return THOUGHT if thought else END
        if thought:
            for word in self._words:  # what it saw was not said
                word.done_tracker[row] = False
        elif any(word.done_tracker[row] for word in self._words):
            return STOP
        return TIME if self._seconds is not None and self._last >= self._seconds else ""


class RowByRow(HFLM):
    """lm_eval's model, whose generations end row by row."""

    sample_s: float | None = None
    """Seconds that a generation may take; None is no limit."""
    marks: Marks | None = None
    """What the model's thinking stands between, where it may think before it answers: see `think`."""
    spare: Callable[[torch.Tensor], AbstractContextManager[None]] = nullcontext
    """Entered with the rows that have ended while a batch is generated: `ExpertUse.sparing`."""
    endings: Sequence[Ending] = ()
    """How the rows of the last batch ended."""

    def ends(self) -> set[int]:
        """Tokens that end a generation by the model's own settings."""
        own = getattr(self.model.generation_config, "eos_token_id", None)
        return {self.eot_token_id, *(own if isinstance(own, list) else [own])} - {None}

    def think(self, marks: Marks) -> None:
        """Score what follows the thinking, and let no word end that."""
        self.marks = marks
        self.think_end_token = marks.closes
        if marks.closes in self.tokenizer.all_special_tokens:  # lm_eval decodes without them
            self.think_end_token = self.tokenizer.convert_tokens_to_ids(marks.closes)

    def rows_of(self, context: torch.Tensor, stop: Sequence[str], *, before: int) -> Rows:
        """What ends a batch [rows, tokens] that begins now; `before` of the tokens seen are no answer's."""

        def word(text: str) -> MultiTokenEOSCriteria:
            return MultiTokenEOSCriteria(text, self.tokenizer, before, len(context))

        return Rows(
            context,
            ends=self.ends(),
            words=[word(text) for text in stop if text],
            thought=self._thought(context, word) if self.marks else None,
            seconds=self.sample_s,
        )

    def _model_generate(
        self, context: torch.Tensor, max_length: int, stop: list[str], **generation: Any
    ) -> torch.Tensor:
        """As lm_eval generates, but for where it ends."""
        prompt = context.shape[1] if self.backend == "causal" else 1
        rows = self.rows_of(context, stop, before=prompt)
        kind = self.mixed_precision_dtype
        with torch.autocast(self.device.type, dtype=kind, enabled=kind is not None), self.spare(rows.done):
            out: torch.Tensor = self.model.generate(
                input_ids=context,
                # lm_eval adds the length of the question, which is no part of a decoder's own text.
                max_length=max_length - context.shape[1] + prompt,
                stopping_criteria=StoppingCriteriaList([rows]),
                pad_token_id=self.tokenizer.pad_token_id,
                use_cache=True,
                **drawn(generation),
            )
        self.endings = rows.endings()
        return out

    def _thought(self, context: torch.Tensor, word: Callable[[str], MultiTokenEOSCriteria]) -> Thought:
        """Of a batch whose generation begins now."""
        assert self.marks is not None
        tails = self.tokenizer.batch_decode(context[:, -TAIL:])
        opened = [opens_thinking(tail) for tail in tails]
        return Thought(opened=opened, opens=word(self.marks.opens), closes=word(self.marks.closes))


def drawn(generation: dict[str, Any]) -> dict[str, Any]:
    """How tokens are chosen, as lm_eval reads settings: the likeliest where no temperature is set."""
    given = {"temperature": 0.0, **generation}
    if given["temperature"] == 0.0 and given.get("do_sample") is None:
        given["do_sample"] = False
    if given.get("do_sample") is False and given["temperature"] == 0.0:
        del given["temperature"]
    return given
