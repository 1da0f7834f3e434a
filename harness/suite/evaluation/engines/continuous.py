"""The engine that is transformers with continuous batching: a question begins as soon as another has ended.

All that sets it apart from `transformers` is how texts are generated; log-likelihoods are that engine's own.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.utils import handle_stop_sequences, normalize_gen_kwargs, postprocess_generated_text
from transformers import GenerationConfig

from harness.suite.evaluation.engines.paged import Room, Session, require_continuous, session
from harness.suite.evaluation.engines.transformers import Metered, Transformers
from harness.suite.evaluation.limits import Rows, drawn
from harness.suite.evaluation.meter import Row, Sharing
from harness.suite.outcomes import Unsupported

SEQUENCES, MEMORY = "max_requests_per_batch", "max_memory_percent"
"""Options that are the library's `ContinuousBatchingConfig`'s; the others are those of lm_eval's `hf`."""
USUAL = {SEQUENCES: 64, MEMORY: 0.85}
"""Of the balanced preset."""
UNSEEN = "continuous batching computes only once what questions begin with alike, and replays recorded graphs"
"""Why experts are not counted: fewer tokens reach them than were asked and answered, and not all are seen."""

Arguments = tuple[str, Mapping[str, Any]]
"""A request as lm_eval has it: the context, and the settings."""


@dataclass(slots=True, kw_only=True)
class Going:
    """An answer that is under way."""

    rows: Rows
    """Which has one."""
    ending: ExitStack
    """Closed when it ends."""
    seconds: Callable[[], float]
    """Its share of the time, from then on."""
    tokens: list[int] = field(default_factory=list)

    def hear(self, tokens: list[int]) -> bool:
        """Look at those that are new; whether one has ended it."""
        for count in range(len(self.tokens) + 1, len(tokens) + 1):
            self.tokens = tokens[:count]
            if bool(self.rows(torch.tensor([self.tokens]), None)):
                return True
        return False


class Continuous(Metered):
    """lm_eval's model, whose texts are generated side by side, each told as it ends."""

    def __init__(self, folder: Path, kind: Any, device: str, options: Mapping[str, Any]) -> None:
        """`Unsupported` where the model, or this engine, cannot generate so."""
        if options.get("tp_plan"):
            raise Unsupported(
                "continuous batching by several processes is not tried: leave out --tensor-parallel"
            )
        rest = {name: value for name, value in options.items() if name not in USUAL}
        super().__init__(folder, kind, device, rest)
        require_continuous(self.model)
        own = {**USUAL, **options}
        self.sequences, self._memory = int(own[SEQUENCES]), float(own[MEMORY])
        self._sharing = Sharing()

    def fewer(self) -> bool:
        """Halve what is computed together, of texts and of log-likelihoods."""
        halved, before = super().fewer(), self.sequences
        self.sequences = max(1, before // 2)
        return halved or self.sequences < before

    def at_once(self) -> dict[str, int]:
        """And texts."""
        return {**super().at_once(), "sequences": self.sequences}

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:  # noqa: ARG002, FBT001, FBT002 — lm_eval's
        """Texts; all requests of the same settings are open at once."""
        alike: dict[str, dict[int, Arguments]] = {}
        for number, request in enumerate(requests):
            alike.setdefault(repr(request.args[1]), {})[number] = request.args
        found: dict[int, str] = {}
        for asked in alike.values():
            found |= self._together(asked)
        return [found[number] for number in range(len(requests))]

    def _together(self, asked: Mapping[int, Arguments]) -> dict[int, str]:
        """Texts of requests with the same settings, the longest questions first."""
        settings = normalize_gen_kwargs(dict(next(iter(asked.values()))[1]), self.max_gen_toks)
        eos = self.tok_decode(self.eot_token_id, skip_special_tokens=False)
        stop = handle_stop_sequences(settings.pop("until", None), eos=eos)
        most = int(settings.pop("max_gen_toks"))
        encoded = {number: self._encoded(context, most) for number, (context, _) in asked.items()}
        order = sorted(encoded, key=lambda number: -encoded[number].shape[1])
        room = Room(
            sequences=min(self.sequences, len(asked)),
            tokens=encoded[order[0]].shape[1] + most,
            memory=self._memory,
        )
        found: dict[int, str] = {}
        with session(self.model, self._generation(settings), room, torch.initial_seed() % 2**31) as opened:
            for number in order:
                opened.put(number, encoded[number][0].tolist(), most)
            for number, going in self._ended(opened, order, encoded, stop, room.sequences):
                found[number] = self._tell(asked[number], going, stop)
        return found

    def _ended(
        self,
        opened: Session,
        order: Sequence[int],
        encoded: Mapping[int, torch.Tensor],
        stop: Sequence[str],
        at_once: int,
    ) -> Iterator[tuple[int, Going]]:
        """Each answer as it ends: (number, it). The library begins them in that order, so many at once."""
        with ExitStack() as all_:
            waiting = iter(order)
            going: dict[int, Going] = {}

            def begin() -> None:
                if (number := next(waiting, None)) is not None:
                    ending = all_.enter_context(ExitStack())
                    seconds = ending.enter_context(self._sharing.one())
                    rows = self.rows_of(encoded[number], stop, before=0)
                    going[number] = Going(rows=rows, ending=ending, seconds=seconds)

            for _ in range(at_once):
                begin()
            heard = opened.heard()
            while going:
                number, tokens, complete = next(heard)
                if (one := going.get(number)) is None:
                    continue  # a token that was under way when its answer had ended
                if one.hear(tokens) or complete:
                    del going[number]
                    if not complete:
                        opened.drop(number)
                    one.ending.close()
                    begin()
                    yield number, one

    def _encoded(self, context: str, most: int) -> torch.Tensor:
        """Its tokens, int64 [1, tokens], as lm_eval has them: the end of a question that is too long."""
        tokens: torch.Tensor = self.tok_batch_encode(
            [context], left_truncate_len=self.max_length - most, truncation=self.truncation
        )[0]
        return tokens

    def _generation(self, settings: dict[str, Any]) -> GenerationConfig:
        """The model's own settings with those of the task."""
        found = copy.deepcopy(self.model.generation_config)
        found.update(**drawn(settings), eos_token_id=sorted(self.ends()))
        return found

    def _tell(self, asked: Arguments, going: Going, stop: list[str]) -> str:
        """What lm_eval is given of an answer, which is written down at once."""
        (ending,) = going.rows.endings()
        tokens, ends = going.tokens, cast("int | str | None", self.think_end_token)
        text = self.tok_decode(tokens)
        row = Row(tokens=ending.tokens, stopped=ending.why, text=text, thinking=ending.thinking)
        if isinstance(ends, int) and ends in tokens:
            tokens = tokens[len(tokens) - tokens[::-1].index(ends) :]
        value = self.tok_decode(tokens)
        value = postprocess_generated_text(
            generation=value.lstrip() if isinstance(ends, int) else value,
            stop=stop,
            think_end_token=ends if isinstance(ends, str) else None,
        )
        self.meter.rows.append(replace(row, seconds=going.seconds()))
        self.cache_hook.add_partial("generate_until", asked, value)
        self.meter.before()
        return value


class ContinuousBatching(Transformers):
    """A checkpoint read by the library, on the cell's device, asked with continuous batching."""

    asks = Continuous
    unseen = UNSEEN
