"""The phases that are timed: what one round does, and what it needs made ready first.

What comes before a model can answer is in `starting`, and what changes it in `training`.
Prefill is the forward over the prompt with the first token chosen; decode is the steps after it,
each from the cache; generate is the library's own loop, end to end, and gives TTFT (time to the
first token, that token's sampling included), TPOT ((last token's mark - TTFT) / (output tokens - 1)) and
ITL (the gaps between successive tokens): what the library does after the last token is in none.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from harness.suite.functional.checks import Facts
from harness.suite.functional.generation import decoder_start
from harness.suite.models.cached import CACHES, kept, prefilling
from harness.suite.throughput.clock import Marks, now, resolution, synchronise
from harness.suite.throughput.identities import Inconsistent, require
from harness.suite.throughput.seen import Request
from harness.suite.throughput.starting import arguments, fill, first_call, load, to_load_cold, to_load_warm
from harness.suite.throughput.timed import TPOT, TTFT
from harness.suite.throughput.training import to_train, train
from harness.suite.throughput.workload import Workload


@dataclass(frozen=True, slots=True)
class Phase:
    """`prepare` is not timed and makes the state that one timed `run` uses up.

    `run` synchronises the device before it returns, and returns further series of that round.
    """

    name: str
    run: Callable[[Workload, Any], dict[str, float]]
    prepare: Callable[[Workload], Any] = lambda _: None
    applies: Callable[[Facts], bool] = lambda _: True
    repeats: bool = True
    """False where only the first time is what the name says: a second load finds warm pages."""
    gaps: Callable[[Workload, Any, dict[str, float]], list[float]] = lambda *_: []
    """Of a round's state and series, after its time: they are held against each other, and give the seconds
    between successive tokens; none where none is marked."""
    before: Callable[[Workload], int] = lambda _: 0
    """Where only the first time is what the name says: how often it was done before."""
    cache: Callable[[Any], Any] = lambda _: None
    """Of a round's state: the cache that it has as yet, or leaves."""


@dataclass(slots=True)
class Step:
    """Where decoding stands: the chosen tokens (batch, 1) and the state that makes the next step cheap."""

    token: torch.Tensor
    state: dict[str, Any]

    @property
    def cache(self) -> Any:
        """What of the state grows with the tokens."""
        return next(self.state[name] for name in CACHES if name in self.state)


@dataclass(slots=True)
class Prompt:
    """What a prefill is given, and where it leaves decoding."""

    inputs: dict[str, Any]
    left: list[Step] = field(default_factory=list)


@dataclass(slots=True)
class Decoding:
    """Where a round of decoding stands."""

    step: Step


def forward(work: Workload, inputs: dict[str, torch.Tensor]) -> dict[str, float]:
    """One forward of the whole batch."""
    work.calls += 1
    with torch.inference_mode():
        work.model(**inputs)
    synchronise(work.device)
    return {}


def prefill(work: Workload, prompt: Prompt) -> dict[str, float]:
    """The prompt read and the first token chosen."""
    prompt.left.append(prefilled(work, prompt.inputs))
    return {}


def decode(work: Workload, state: Decoding) -> dict[str, float]:
    """Output tokens 2 to the last, one forward each, greedy."""
    work.calls += 1
    name = "decoder_input_ids" if work.model.config.is_encoder_decoder else "input_ids"
    with torch.inference_mode():
        for _ in range(work.cell.parameters.output_tokens - 1):
            step = state.step
            ids = _read_next(work, step.token)
            state.step = _next(work, work.model(**{name: ids}, **step.state, use_cache=True))
    synchronise(work.device)
    return {}


def generate(work: Workload, marks: Marks) -> dict[str, float]:
    """The library's `generate`, greedy, a mark a token."""
    work.calls += 1
    count, static = work.cell.parameters.output_tokens, work.cell.parameters.cache == "static"
    marks.began = now()
    with torch.inference_mode():
        work.model.generate(
            **work.prompt(),
            **decoder_start(work.model),
            **({"cache_implementation": "static"} if static else {}),
            disable_compile=True,  # the library would, where a cache is static: that is for the cell to ask
            do_sample=False,
            max_new_tokens=count,
            min_new_tokens=count,
            pad_token_id=0,
            streamer=marks,
        )
    synchronise(work.device)
    marks.ended = now()
    if not marks.times:
        raise Inconsistent(f"no token was marked where {count} were asked for")
    first, last = marks.times[0], marks.times[-1]
    return {TTFT: first - marks.began, TPOT: (last - first) / (count - 1)}


def gaps(work: Workload, marks: Marks, found: dict[str, float]) -> list[float]:
    """ITL of one request, whose moments and figures must agree."""
    require(
        Request(
            start=marks.began,
            marks=marks.times,
            end=marks.ended,
            asked=work.cell.parameters.output_tokens,
            ttft=found[TTFT],
            tpot=found[TPOT],
            itls=marks.gaps,
            resolution=resolution(),
        )
    )
    return marks.gaps


def prefilled(work: Workload, inputs: dict[str, torch.Tensor]) -> Step:
    """The state after the prompt."""
    work.calls += 1
    with torch.inference_mode():
        step = _next(work, work.model(**prefilling(work.model, inputs)))
    synchronise(work.device)
    return step


def _read_next(work: Workload, token: torch.Tensor) -> torch.Tensor:
    """What the next step reads: where a position has codes beside its token, the prompt's last (Kyutai)."""
    prompt = work.prompt().get("input_ids")
    if work.model.config.is_encoder_decoder or prompt is None or prompt.dim() == token.dim():
        return token
    ids: torch.Tensor = prompt[:, -1:].clone()
    ids[..., 0] = token
    return ids


def _next(work: Workload, outputs: Any) -> Step:
    """The greedy choice, and what the next step needs."""
    return Step(outputs.logits[:, -1:].argmax(-1), kept(work.model, work.inputs(), outputs))


def _fresh_step(work: Workload) -> Decoding:
    """A copy of the state after prefill at the present depth: a round grows its cache."""
    return Decoding(copy.deepcopy(work.remembered("prefilled", lambda: prefilled(work, work.first_step()))))


def _generates(facts: Facts) -> bool:
    return facts.generates


PHASES: dict[str, Phase] = {
    phase.name: phase
    for phase in (
        Phase("fill", fill, repeats=False, before=lambda work: work.loaded.fills),
        Phase("load_cold", load, to_load_cold, repeats=False),
        Phase("load_warm", load, to_load_warm, repeats=False),
        Phase("first_call", first_call, arguments, repeats=False, before=lambda work: work.calls),
        Phase("forward", forward, Workload.inputs, lambda facts: not facts.generates),
        Phase(
            "prefill",
            prefill,
            lambda work: Prompt(work.first_step()),
            _generates,
            cache=lambda prompt: [step.cache for step in prompt.left],
        ),
        Phase("decode", decode, _fresh_step, _generates, cache=lambda state: state.step.cache),
        Phase("generate", generate, lambda _: Marks(), _generates, gaps=gaps),
        Phase("train", train, to_train),
    )
}


def applicable(facts: Facts, names: tuple[str, ...]) -> list[Phase]:
    """Of the named phases those that apply, in their order."""
    return [PHASES[name] for name in names if PHASES[name].applies(facts)]
