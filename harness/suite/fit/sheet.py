"""Everything about a model that its configuration alone tells, counted on the meta device."""

from typing import Any

from harness.matrix.records import Model
from harness.results.sheet import Sheet
from harness.suite.fit.activations import activations
from harness.suite.fit.cache import HEADS, cache_need, kv_heads
from harness.suite.fit.kept import kept
from harness.suite.fit.kinds import decoder_config, layer_configs, layer_kinds
from harness.suite.fit.parameters import counted
from harness.suite.fit.skeleton import DTYPE, skeleton
from harness.suite.fit.states import first_of
from harness.suite.fit.step import step


def sheet(model: Model) -> Sheet:
    """Build the row's principal class on the meta device and count."""
    built = skeleton(model)
    text = decoder_config(built.config)
    # Where layers differ in their heads, those of the first stand for all.
    layer = next(iter(layer_configs(text, len(layer_kinds(built.config)))), text)
    heads = _number(first_of(layer, HEADS))
    generates = built.can_generate()
    return Sheet(
        parameters=counted(built),
        heads=heads,
        kv_heads=_parts(layer, heads),
        positions=_number(getattr(text, "max_position_embeddings", None)),
        step=step(built) if generates else None,
        theory=cache_need(built.config) if generates else None,
        library=kept(built) if generates else None,
        library_dtype=str(DTYPE).removeprefix("torch."),
        activations=activations(built.config),
    )


def _number(field: Any) -> int | None:
    """None also for a list: Swin's stages have a number each, and nothing that is split by it."""
    return field if isinstance(field, int) and field > 0 else None


def _parts(layer: Any, heads: int | None) -> int | None:
    if heads is None:
        return None
    return 1 if getattr(layer, "kv_lora_rank", None) else kv_heads(layer, heads)
