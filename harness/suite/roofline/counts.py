"""The work of a phase, counted from the model itself: operations, and the bytes that must move.

Operations over time are model FLOPs utilisation, bytes over time model bandwidth utilisation (`utilisation`).
Bytes are the weights that are read, each once a step, and the cache that is read and written. Activations are
left out: a kernel may keep them near the cores, and the least that must move is what a roof is compared with.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from harness.suite.models.cached import CACHES, MASK, kept, prefilling
from harness.suite.outcomes import Unsupported, message_of
from harness.suite.roofline.cache import stored, written_by
from harness.suite.roofline.observe import Observer

META = "meta"
GATHERED = "batched_mm"
"""The library's way of running experts that needs no values: each token's weights are gathered."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a phase does, all its steps together."""

    flops: float = 0.0
    weight_bytes: float = 0.0
    cache_read: float = 0.0
    cache_written: float = 0.0

    @property
    def moved(self) -> float:
        """Bytes that must move between memory and the cores."""
        return self.weight_bytes + self.cache_read + self.cache_written

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.flops + other.flops,
            self.weight_bytes + other.weight_bytes,
            self.cache_read + other.cache_read,
            self.cache_written + other.cache_written,
        )

    def __mul__(self, times: float) -> "Counts":
        return Counts(
            self.flops * times,
            self.weight_bytes * times,
            self.cache_read * times,
            self.cache_written * times,
        )


def count(model: Any, phase: str, inputs: Mapping[str, Any], output_tokens: int = 2) -> Counts:
    """Count a phase (forward, prefill, decode or generate) of a model, on the meta device or where it is.

    `inputs` are the arguments of the forward that the phase begins with: their shapes say how many rows and
    tokens there are. A mask of ones says nothing and is left out; the library asks for a mask's values.
    `output_tokens`, at least two, are for decode (which makes
    all but the first) and generate. Weights and cache have the model's dtype. The model is left as it was,
    but for how its experts run.

    Raises `Unsupported` where a forward on the meta device depends on values, which tensors there do not have
    (an image's placeholders among tokens): the model can then be counted on a device, with its weights.
    """
    device = next((weight.device for weight in model.parameters()), torch.device(META))
    given = {name: value for name, value in inputs.items() if not _full_mask(name, value)}
    if device.type != META:
        return _counted(model, phase, given, output_tokens, device)
    set_experts = getattr(model, "set_experts_implementation", None)
    if set_experts is not None:
        set_experts(GATHERED)
    try:
        return _counted(model, phase, given, output_tokens, device)
    except RuntimeError as error:
        raise Unsupported(f"its work cannot be counted without values: {message_of(error)}") from error


def _counted(
    model: Any, phase: str, inputs: Mapping[str, Any], output_tokens: int, device: torch.device
) -> Counts:
    placed = {n: v.to(device) if isinstance(v, torch.Tensor) else v for n, v in inputs.items()}
    with torch.inference_mode(), device:
        return COUNTED[phase](model, placed, output_tokens)


@dataclass(slots=True)
class _Step:
    """One forward done: what it cost, and what the next one needs besides its tokens."""

    counts: Counts
    rows: int
    state: dict[str, Any]

    @property
    def cache(self) -> Any:
        """Keys and values, or whatever else is kept; None where nothing is."""
        return next((self.state[name] for name in CACHES if name in self.state), None)


def _forward(model: Any, inputs: dict[str, Any], _: int) -> Counts:
    """One forward of the whole batch."""
    with Observer(model) as seen:
        model(**inputs)
    return Counts(seen.flops, seen.weight_bytes)


def _prefill(model: Any, inputs: dict[str, Any], _: int) -> Counts:
    """The prompt, the head's logits for its last position alone, and the cache written."""
    return _prefilled(model, inputs).counts


def _decode(model: Any, inputs: dict[str, Any], output_tokens: int) -> Counts:
    """The steps after the first token: the mean of the first and the last, times their number.

    That is exact where a step's cost is a line in its context, and where a window is full.
    """
    steps = output_tokens - 1
    step = _advanced(model, _prefilled(model, inputs), 1)
    first = step.counts
    if steps == 1:
        return first
    if steps > 2:
        step = _advanced(model, step, steps - 2)
    return (first + _advanced(model, step, 1).counts) * (steps / 2)


def _generate(model: Any, inputs: dict[str, Any], output_tokens: int) -> Counts:
    """Prefill and decode."""
    return _prefill(model, inputs, output_tokens) + _decode(model, inputs, output_tokens)


COUNTED: dict[str, Callable[[Any, dict[str, Any], int], Counts]] = {
    "forward": _forward,
    "prefill": _prefill,
    "decode": _decode,
    "generate": _generate,
}


def _prefilled(model: Any, inputs: dict[str, Any]) -> _Step:
    """The state after the prompt; what is kept of it was written once."""
    with Observer(model) as seen:
        outputs = model(**prefilling(model, inputs))
    step = _Step(Counts(), len(outputs.logits), kept(model, inputs, outputs))
    step.counts = Counts(seen.flops, seen.weight_bytes, cache_written=stored(step.cache))
    return step


def _advanced(model: Any, step: _Step, tokens: int) -> _Step:
    """The state after a forward of `tokens` more tokens a row."""
    name = "decoder_input_ids" if model.config.is_encoder_decoder else "input_ids"
    new = torch.zeros(step.rows, tokens, dtype=torch.long)
    read, written = stored(step.cache), written_by(step.cache, tokens)
    with Observer(model) as seen:
        outputs = model(**{name: new}, **step.state, use_cache=True)
    counts = Counts(seen.flops, seen.weight_bytes, read, written)
    return _Step(counts, step.rows, step.state | kept(model, step.state, outputs))


def _full_mask(name: str, value: Any) -> bool:
    """A mask that hides nothing, or whose values are not known."""
    return (
        name in {MASK, f"decoder_{MASK}"}
        and isinstance(value, torch.Tensor)
        and (value.is_meta or bool((value == 1).all()))
    )
