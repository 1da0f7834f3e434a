"""From what a model needs to what it needs of an accelerator: how many, how much at a time, how fast at best.

Tensor parallelism splits weights evenly and gives each device whole heads: their number must divide the heads
of queries, and divide or be a multiple of those of keys and values, which are repeated where there are more
devices than heads (M. Shoeybi et al., "Megatron-LM", 2019, arXiv 1909.08053, section 3; R. Pope et al.,
"Efficiently scaling transformer inference", 2022, arXiv 2211.05102, section 3.3). A decode step cannot be
faster than the bytes it must read by the memory's bandwidth (S. Williams et al., "Roofline", 2009); what the
devices say to each other is left out, so that the true rate is lower.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from harness.results.accelerators import Accelerator

USABLE = 0.9
"""Share of the memory for weights, cache, activations; the rest is the context's, the allocator's and the
communication's. vLLM's default `gpu_memory_utilization`."""
CACHE_BYTES = 2
"""Bytes of an element of the cache and of an activation: bfloat16 or float16."""
MOST_DEVICES = 64
LONGEST = 1 << 24
"""Tokens that a context is looked for up to, where the model sets no bound."""
BIGGEST = 1 << 16
"""Sequences that a batch is looked for up to."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a model needs, in one format of weights: the sheet that the suite's `fit` room writes."""

    sheet: Mapping[str, Any]
    form: str

    @property
    def weights(self) -> int:
        """Bytes of all weights."""
        return int(self.sheet["weights_bytes"][self.form])

    @property
    def heads(self) -> int | None:
        """Heads of queries; None where there is no attention to split."""
        found: int | None = self.sheet["heads"]
        return found

    @property
    def parts(self) -> int:
        """Parts that a layer's cache can be split into."""
        return self.sheet["kv_heads"] or 1

    @property
    def positions(self) -> int:
        """Tokens of the longest context."""
        return self.sheet["positions"] or LONGEST

    def cache(self, length: int) -> float:
        """Bytes that a sequence of that length keeps: by the book, or the library's where that is silent."""
        if (theory := self.sheet["theory"]) is not None:
            return CACHE_BYTES * sum(_kept(layer, length) for layer in theory["layers"])
        if (library := self.sheet["library"]) is not None:
            return float(library["fixed"] + (library["per_token"] + library["per_source_token"]) * length)
        return 0.0

    def activations(self, batch: int, length: int) -> float:
        """Bytes that a prefill is estimated to hold beside them: of all sequences at once."""
        found = self.sheet["activations"]
        if found is None:
            return 0.0
        return float(CACHE_BYTES * batch * max(length * found["per_token"], found["vocabulary"]))

    def read(self, batch: int) -> float:
        """Bytes of weights that a decode step must read; as `harness.suite.fit.parameters` counts them."""
        counted = self.sheet["parameters"]
        tables = counted["embeddings"] - (counted["head"] if counted["tied"] else 0)
        idle = sum(
            group["parameters"] * (1 - group["chosen"] / group["number"]) ** batch
            for group in counted["experts"]
        )
        return float(self.weights * (counted["total"] - tables - idle) / counted["total"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Roof:
    """The bandwidth that a rate is computed from."""

    bandwidth: float
    """Bytes a second of one device."""
    measured: bool
    """On this device, by `harness roofline`; else it is the datasheet's."""

    @classmethod
    def of(cls, accelerator: Accelerator) -> Self:
        """The datasheet's."""
        return cls(bandwidth=accelerator.bandwidth, measured=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A model on one kind of accelerator. All but the first four are of `devices`, None where it is."""

    accelerator: str
    fits: bool
    """On one device."""
    devices: int | None
    """The fewest that hold it, split by tensor parallelism; None where no allowed number up to 64 does."""
    tensor_parallel: tuple[int, ...]
    """Numbers of devices that the heads allow."""
    batch: int | None
    """Sequences of the context asked for that fit at a time."""
    context: int | None
    """Tokens of the longest single sequence, the model's own bound included."""
    decode_tokens_per_s: float | None
    """The most that the roof allows for one sequence of the context asked for."""
    decode_tokens_per_s_full: float | None
    """The same for the largest batch."""
    roof: str
    """`datasheet` or `measured`."""


def fit(needs: Needs, accelerator: Accelerator, context: int, roof: Roof | None = None) -> Fit:
    """Place the model, with one sequence of `context` tokens, on as few of these accelerators as hold it."""
    roof = roof or Roof.of(accelerator)
    sizes = tensor_parallel(needs.heads, needs.parts)
    room = USABLE * accelerator.memory_bytes
    devices = next((n for n in sizes if used(needs, n, 1, context) <= room), None)
    batch = longest = alone = full = None
    if devices is not None:
        batch = _most(lambda b: used(needs, devices, b, context) <= room, BIGGEST)
        longest = _most(lambda length: used(needs, devices, 1, length) <= room, needs.positions)
        alone, full = (decode_rate(needs, devices, b, context, roof) for b in (1, batch))
    return Fit(
        accelerator=accelerator.name,
        fits=devices == 1,
        devices=devices,
        tensor_parallel=sizes,
        batch=batch,
        context=longest,
        decode_tokens_per_s=alone,
        decode_tokens_per_s_full=full,
        roof="measured" if roof.measured else "datasheet",
    )


def tensor_parallel(heads: int | None, parts: int) -> tuple[int, ...]:
    """Numbers of devices that divide the heads, and divide or are a multiple of the parts of the cache."""
    if heads is None:
        return (1,)
    most = range(1, min(heads, MOST_DEVICES) + 1)
    return tuple(n for n in most if heads % n == 0 and (parts % n == 0 or n % parts == 0))


def used(needs: Needs, devices: int, batch: int, length: int) -> float:
    """Bytes on each of so many devices. Activations are counted whole: each device holds the residual."""
    cache = batch * needs.cache(length) / min(devices, needs.parts)
    return needs.weights / devices + cache + needs.activations(batch, length)


def decode_rate(needs: Needs, devices: int, batch: int, length: int, roof: Roof) -> float:
    """Tokens a second that the roof allows `batch` sequences of that length: batch over the time to read."""
    cache = batch * needs.cache(length) / min(devices, needs.parts)
    return batch * roof.bandwidth / (needs.read(batch) / devices + cache)


def _kept(layer: Mapping[str, Any], length: int) -> int:
    """Elements of one layer, as the suite's `LayerCache.at` has them; the source is as long as the text."""
    window = layer["window"]
    held = length if window is None else min(length, window - 1)
    return int(layer["per_token"] * held + layer["fixed"] + layer["per_source_token"] * length)


def _most(holds: Callable[[int], bool], bound: int) -> int:
    """The largest number up to `bound` for which it still holds, 1 for which it is known to."""
    low, high = 1, bound
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
