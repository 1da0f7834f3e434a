"""From what a model needs to what it needs of an accelerator: how many, how much at a time, how fast at best.

Tensor parallelism splits weights evenly and gives each device whole heads: their number must divide the heads
of queries, and divide or be a multiple of those of keys and values, which are repeated where there are more
devices than heads (M. Shoeybi et al., "Megatron-LM", 2019, arXiv 1909.08053, section 3; R. Pope et al.,
"Efficiently scaling transformer inference", 2022, arXiv 2211.05102, section 3.3). A decode step cannot be
faster than the bytes it must read by the memory's bandwidth, nor than its operations by the arithmetic's rate
(S. Williams et al., "Roofline", 2009); what the devices say to each other is left out, so that the true rate
is lower.
"""

from collections.abc import Callable
from dataclasses import dataclass

from harness.results.accelerators import MANY, Accelerator
from harness.results.sheet import Sheet

USABLE = 0.9
"""Share of the memory for weights, cache, activations; the rest is the context's, the allocator's and the
communication's. vLLM's default `gpu_memory_utilization`."""
CACHE_BYTES = 2
"""Bytes of an element of the cache and of an activation: bfloat16 or float16."""
LONGEST = 1 << 24
"""Tokens that a context is looked for up to, where the model sets no bound."""
BIGGEST = 1 << 16
"""Sequences that a batch is looked for up to."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a model needs, in one format of weights."""

    sheet: Sheet
    form: str

    @property
    def weights(self) -> int:
        """Bytes of all weights."""
        return self.sheet.parameters.bytes(self.form)

    @property
    def parts(self) -> int:
        """Parts that a layer's cache can be split into."""
        return self.sheet.kv_heads or 1

    @property
    def positions(self) -> int:
        """Tokens of the longest context."""
        return self.sheet.positions or LONGEST

    def cache(self, length: int) -> float:
        """Bytes that a sequence of that length keeps: by the book, or the library's where that is silent.

        An encoder's source is taken to be as long as the text.
        """
        if self.sheet.theory is not None:
            return float(CACHE_BYTES * self.sheet.theory.at(length, length))
        return self.sheet.library.at(length, length) if self.sheet.library is not None else 0.0

    def activations(self, batch: int, length: int) -> float:
        """Bytes that a prefill is estimated to hold beside them: of all sequences at once."""
        found = self.sheet.activations
        return 0.0 if found is None else float(CACHE_BYTES * found.estimate(batch, length))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A model on one kind of accelerator. All but the first four are of `devices`, None where it is."""

    accelerator: str
    fits: bool
    """On one device."""
    devices: int | None
    """The fewest that hold it, split by tensor parallelism; None where no allowed number of them does."""
    tensor_parallel: tuple[int, ...]
    """Numbers of devices that the heads allow."""
    batch: int | None
    """Sequences of the context asked for that fit at a time."""
    context: int | None
    """Tokens of the longest single sequence, the model's own bound included."""
    decode_tokens_per_s: float | None
    """The most that the roof allows for one sequence of the context asked for; None also where the model does
    not generate."""
    decode_tokens_per_s_full: float | None
    """The same for the largest batch."""
    roof: str
    """`datasheet` or `measured`."""
    source: str


def fit(needs: Needs, accelerator: Accelerator, context: int) -> Fit:
    """Place the model, with one sequence of `context` tokens, on as few of these accelerators as hold it."""
    sizes = tensor_parallel(needs.sheet.heads, needs.parts, accelerator.most)
    room = USABLE * accelerator.memory_bytes
    devices = next((n for n in sizes if used(needs, n, 1, context) <= room), None)
    batch = longest = alone = full = None
    if devices is not None:
        batch = _most(lambda b: used(needs, devices, b, context) <= room, BIGGEST)
        longest = _most(lambda length: used(needs, devices, 1, length) <= room, needs.positions)
        alone, full = (decode_rate(needs, accelerator, devices, b, context) for b in (1, batch))
    return Fit(
        accelerator=accelerator.name,
        fits=devices == 1,
        devices=devices,
        tensor_parallel=sizes,
        batch=batch,
        context=longest,
        decode_tokens_per_s=alone,
        decode_tokens_per_s_full=full,
        roof=accelerator.roof,
        source=accelerator.source,
    )


def tensor_parallel(heads: int | None, parts: int, most: int = MANY) -> tuple[int, ...]:
    """Numbers of devices that divide the heads, and divide or are a multiple of the parts of the cache."""
    if heads is None:
        return (1,)
    numbers = range(1, min(heads, most) + 1)
    return tuple(n for n in numbers if heads % n == 0 and (parts % n == 0 or n % parts == 0))


def used(needs: Needs, devices: int, batch: int, length: int) -> float:
    """Bytes on each of so many devices. Activations are counted whole: each device holds the residual."""
    cache = batch * needs.cache(length) / min(devices, needs.parts)
    return needs.weights / devices + cache + needs.activations(batch, length)


def decode_rate(
    needs: Needs, accelerator: Accelerator, devices: int, batch: int, length: int
) -> float | None:
    """Tokens a second that the roof allows `batch` sequences of that length; None where none are generated.

    Batch over the longer of two times: to read weights and cache, and to multiply, 2 operations a weight and
    sequence (attention's are left out, as they are in the cache's shade).
    """
    step = needs.sheet.step
    if step is None:
        return None
    cache = batch * needs.cache(length) / min(devices, needs.parts)
    reading = (step.bytes(needs.form, batch) / devices + cache) / accelerator.bandwidth
    flops = 2 * batch * step.read(1) / devices
    multiplying = flops / accelerator.arithmetic if accelerator.arithmetic else 0.0
    return batch / max(reading, multiplying)


def _most(holds: Callable[[int], bool], bound: int) -> int:
    """The largest number up to `bound` for which it still holds, 1 for which it is known to."""
    low, high = 1, bound
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
