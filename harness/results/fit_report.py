"""What a model needs and where it fits, as tables and as one JSON document."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from harness.results.accelerators import GIB, Accelerator
from harness.results.cache import LayerCache
from harness.results.figures import number
from harness.results.fit import CACHE_BYTES, USABLE, Fit, Needs
from harness.results.formats import FORMATS
from harness.results.record import Result
from harness.results.sheet import Sheet
from harness.results.tables import plain_table

GB, KB = 1e9, 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A model, where it fits, and how it was asked."""

    result: Result
    sheet: Sheet
    form: str
    context: int
    fits: tuple[Fit, ...]
    kept: bool
    """Answered from an earlier run."""

    @property
    def model(self) -> str:
        """Its id."""
        return str(self.result.cell["model"]["id"])


def to_json(placed: Placed) -> dict[str, Any]:
    """Everything that the tables say, and more."""
    return {
        "model": placed.model,
        "run": placed.result.run,
        "kept": placed.kept,
        "transformers": placed.result.report.facts.get("transformers"),
        "dtype": placed.form,
        "context": placed.context,
        "sheet": placed.sheet.described(),
        "fits": [asdict(fit) for fit in placed.fits],
    }


def one(placed: Placed, accelerators: Sequence[Accelerator]) -> Iterator[RenderableType]:
    """A model in full."""
    found, facts = placed.sheet, placed.result.report.facts
    how = f"kept by run {placed.result.run}" if placed.kept else f"counted by run {placed.result.run}"
    yield Text(f"{placed.model}, transformers {facts.get('transformers')}; {how}", style="bold")
    counted = found.parameters
    tied = ", the head among them" if counted.tied else ""
    yield Text(
        f"Parameters: {counted.total:,}; active {counted.active:,}; embeddings {counted.embeddings:,}{tied}"
    )
    yield _layers(found)
    yield Text(
        "Weights: " + ", ".join(f"{name} {_size(counted.bytes(name))}" for name in FORMATS), overflow="fold"
    )
    yield from _cache(found, placed.context)
    yield from _activations(placed)
    yield Text()
    yield Text(f"In {placed.form}, one sequence of {placed.context:,} tokens, {USABLE:.0%} of the memory:")
    yield _fits(placed, accelerators)
    lacking = [row.name for row in accelerators if row.bf16 is None and row.fp16 is not None]
    if placed.form == "bfloat16" and lacking:
        yield Text(f"Without bfloat16 arithmetic, the same in float16: {', '.join(lacking)}")
    if found.step is not None and not found.step.seen:
        yield Text("No decode step could be seen: its rate counts all weights but tables and an encoder.")


def many(placed: Sequence[Placed], accelerators: Sequence[Accelerator]) -> Iterator[RenderableType]:
    """A row a model: what it needs, and how many of each accelerator."""
    shown = plain_table("model")
    for heading in ("total", "active", "weights", "cache/token", *(row.name for row in accelerators)):
        shown.add_column(heading, justify="right", overflow="fold")
    for row in placed:
        needs, counted = Needs(row.sheet, row.form), row.sheet.parameters
        each = (str(fit.devices or "-") for fit in row.fits)
        cache = "-" if row.sheet.step is None else f"{_cached(row.sheet) / KB:,.0f} kB"
        shown.add_row(
            row.model, _billions(counted.total), _billions(counted.active), _size(needs.weights), cache, *each
        )
    first = placed[0]
    yield shown
    contexts = {row.context for row in placed}
    text = f"{max(contexts):,} tokens" if len(contexts) == 1 else f"up to {max(contexts):,} tokens"
    yield Text(
        f"How many of each hold the model in {first.form} with one sequence of {text}; "
        "- where no number that the heads allow does."
    )


def _layers(found: Sheet) -> RenderableType:
    shown = plain_table("stack", "kind")
    for heading in ("layers", "parameters each", "active each"):
        shown.add_column(heading, justify="right")
    for row in found.parameters.layers:
        shown.add_row(row.stack, row.kind, str(row.layers), f"{row.parameters:,}", f"{row.active:,}")
    return shown


def _cache(found: Sheet, context: int) -> Iterator[RenderableType]:
    """By kind of layer, by the book; what the library keeps where that is not the same."""
    if found.step is None:
        yield Text("KV cache: none, it does not generate")
        return
    if found.theory is not None:
        kinds: dict[LayerCache, int] = {}
        for layer in found.theory.layers:
            kinds[layer] = kinds.get(layer, 0) + 1
        parts = [f"{number} {_described(layer)}" for layer, number in kinds.items()]
        total = CACHE_BYTES * found.theory.at(context, context)
        yield Text(
            f"KV cache: {_small(CACHE_BYTES * found.theory.per_token)} a token, "
            f"{_size(total)} at {context:,}: {'; '.join(parts)}"
        )
    if found.library is not None:
        kept = found.library
        yield Text(
            f"KV cache as the library keeps it in {found.library_dtype}: {_small(kept.per_token)} a token, "
            f"{_small(kept.fixed)} whatever the length"
        )
    if found.theory is None and found.library is None:
        yield Text("KV cache: not known; neither the fields nor the library tell")


def _described(layer: LayerCache) -> str:
    parts = []
    if layer.per_token:
        seen = f" of the last {layer.window:,}" if layer.window is not None else ""
        parts.append(f"{_small(CACHE_BYTES * layer.per_token)} a token{seen}")
    if layer.fixed:
        parts.append(f"{_small(CACHE_BYTES * layer.fixed)} in all")
    if layer.per_source_token:
        parts.append(f"{_small(CACHE_BYTES * layer.per_source_token)} a source token")
    return f"{layer.kind} {' and '.join(parts) or 'nothing'}"


def _activations(placed: Placed) -> Iterator[RenderableType]:
    if placed.sheet.activations is not None:
        found = Needs(placed.sheet, placed.form).activations(1, placed.context)
        yield Text(f"Activations of a prefill of {placed.context:,} tokens, an estimate: {_size(found)}")


def _fits(placed: Placed, accelerators: Sequence[Accelerator]) -> RenderableType:
    shown = plain_table("accelerator", gap=2)
    for heading in ("GiB", "fits", "needed", "batch", "context", "tokens/s", "full batch"):
        shown.add_column(heading, justify="right")
    shown.add_column("roof")
    shown.add_column("tensor parallel", overflow="fold")
    for row, fit in zip(accelerators, placed.fits, strict=True):
        shown.add_row(
            fit.accelerator,
            f"{row.memory_bytes / GIB:.1f}",
            "yes" if fit.fits else "no",
            *(_or_dash(value) for value in (fit.devices, fit.batch, fit.context)),
            *(_or_dash(value) for value in (fit.decode_tokens_per_s, fit.decode_tokens_per_s_full)),
            fit.roof,
            ", ".join(map(str, fit.tensor_parallel)),
        )
    return shown


def _cached(found: Sheet) -> float:
    """Bytes a token, by the book or by the library."""
    if found.theory is not None:
        return CACHE_BYTES * found.theory.per_token
    return found.library.per_token if found.library is not None else 0.0


def _or_dash(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else number(value)


def _billions(parameters: int) -> str:
    return f"{parameters / 1e9:,.2f}B"


def _size(size: float) -> str:
    return f"{size / GB:,.2f} GB"


def _small(size: float) -> str:
    return f"{size / KB:,.1f} kB"
