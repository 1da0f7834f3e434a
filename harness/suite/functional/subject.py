"""The model under test, and how its outputs are compared."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from harness.suite.models.inputs.entry import call
from harness.suite.models.inputs.rows import collate, placed
from harness.suite.outcomes import Unsupported, message_of

# Not compared: caches are objects of their own kind (XLNet's are called mems, and are detached), and router
# logits mix the rows of a batch.
IGNORED_OUTPUTS = frozenset({"loss", "past_key_values", "cache_params", "router_logits", "aux_loss", "mems"})


Tensors = dict[str, torch.Tensor]
Remember = Callable[[str, Callable[[], Tensors]], Tensors]
"""Gives what was made under a name before for the same model and inputs, else makes and keeps it."""


class CheckFailed(AssertionError):
    """A check could not even measure its deviation: what it found instead, in one sentence."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check measured: it passes where `deviation` is at most the cell's tolerance."""

    deviation: float
    detail: str = ""


class Source(Protocol):
    """Where a subject's inputs come from."""

    pins: Mapping[str, Any]
    """What sets the model's inputs apart: `entry`, `exempt`, `joined`, `draws`, `forced`, `frozen`,
    `generate`, `padding_side`, `padding_token`, `wide`."""

    def rows(self, batch: int, tokens: int, seed: int) -> list[dict[str, Any]]:
        """Inputs row by row, on the CPU; the same call gives the same values."""


def anew(_: str, make: Callable[[], Tensors]) -> Tensors:
    """Keep nothing."""
    return make()


@dataclass(slots=True)
class Subject:
    """A tiny model in eval mode on its device, and the inputs the checks share."""

    model: Any
    device: str
    seed: int
    source: Source
    remember: Remember = anew
    """Keeps what takes long and is the same on each device."""
    ranks: int = 1
    """Processes that share the model where a check asks for several."""

    @property
    def pins(self) -> Mapping[str, Any]:
        """What sets the model's inputs apart."""
        return self.source.pins

    def require(self, dtype: torch.dtype) -> None:
        """`Unsupported` where the device cannot compute in that dtype (float64 on Apple's GPUs)."""
        try:
            ones = torch.ones(2, 2, device=self.device, dtype=dtype)
            torch.matmul(ones, ones)
        except (RuntimeError, TypeError) as error:
            raise Unsupported(f"{self.device} does not compute in {dtype}: {message_of(error)}") from error

    def rows(self, batch: int, tokens: int = 24, seed: int | None = None) -> list[dict[str, Any]]:
        """Inputs for `forward` row by row, on the device."""
        made = self.source.rows(batch, tokens, self.seed if seed is None else seed)
        return [{name: placed(value, self.device) for name, value in row.items()} for row in made]

    def inputs(self, batch: int = 1, tokens: int = 24, seed: int | None = None) -> dict[str, Any]:
        """The same rows as one batch."""
        return self.together(self.rows(batch, tokens, seed))

    def together(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Rows as one batch."""
        return collate(rows, self.pins.get("joined"))

    def prompt(self, batch: int = 1, tokens: int = 24) -> dict[str, Any]:
        """Inputs for `generate`: the same without what generation itself supplies."""
        inputs = self.inputs(batch, tokens)
        inputs.pop("decoder_input_ids", None)
        return inputs

    def forward(self, inputs: Mapping[str, Any], model: Any = None, draw: int = 0) -> dict[str, torch.Tensor]:
        """Floating-point outputs by name, from this model or a variant of it.

        Models that draw noise of their own draw the same each time, and other noise for another `draw`.
        """
        with torch.no_grad():
            return self.outputs(inputs, model, draw)

    def outputs(self, inputs: Mapping[str, Any], model: Any = None, draw: int = 0) -> dict[str, torch.Tensor]:
        """The same, with what it takes to differentiate them."""
        torch.manual_seed(self.seed + draw)
        return tensors(call(model or self.model, self.pins.get("entry", ()), inputs))

    def variant(self, **to: Any) -> Any:
        """A deep copy of the model, moved or cast."""
        return copy.deepcopy(self.model).to(**to) if to else copy.deepcopy(self.model)


def tensors(outputs: Any, prefix: str = "") -> dict[str, torch.Tensor]:
    """The floating-point tensors of a model output, nested ones by dotted name."""
    found: dict[str, torch.Tensor] = {}
    items = outputs.items() if isinstance(outputs, Mapping) else ((str(i), v) for i, v in enumerate(outputs))
    for name, value in items:
        if name in IGNORED_OUTPUTS:
            continue
        if isinstance(value, torch.Tensor):
            if value.is_floating_point():
                found[prefix + name] = unmasked(value)
        elif isinstance(value, Mapping | tuple | list):
            found |= tensors(value, f"{prefix}{name}.")
    return found


def unmasked(scores: torch.Tensor) -> torch.Tensor:
    """Scores with 0 where a mask left minus infinity or the lowest number of all.

    Beside those no other number would count.
    """
    hidden = scores <= torch.finfo(scores.dtype).min
    return scores.masked_fill(hidden, 0.0) if hidden.any() else scores


def deviation(seen: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> Finding:
    """The largest of max|seen - expected| / max|expected| over the outputs both have in one shape.

    Relative to the largest value rather than element by element: elements near zero carry no
    relative precision in floating point. Computed in float64.
    """
    shared = [n for n, tensor in expected.items() if n in seen and seen[n].shape == tensor.shape]
    if not shared:
        raise CheckFailed(f"no output could be compared: {sorted(seen)} against {sorted(expected)}")
    return max(
        (Finding(_relative(seen[name], expected[name]), f"largest in {name}") for name in shared),
        key=lambda finding: finding.deviation,
    )


def _relative(seen: torch.Tensor, expected: torch.Tensor) -> float:
    seen, expected = seen.double().cpu(), expected.double().cpu()
    if not (seen.isfinite().all() and expected.isfinite().all()):
        raise CheckFailed("an output is not finite")
    scale = expected.abs().max().item()
    difference = (seen - expected).abs().max().item()
    return difference / scale if scale > 0 else difference
