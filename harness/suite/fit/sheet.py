"""Everything about a model that its configuration alone tells, as one record that JSON can hold."""

from dataclasses import asdict, dataclass
from typing import Any

from harness.matrix.records import Model
from harness.suite.fit.activations import Activations, activations
from harness.suite.fit.cache import HEADS, Cache, cache_need, kv_heads
from harness.suite.fit.kept import Kept, kept
from harness.suite.fit.kinds import decoder_config, layer_configs, layer_kinds
from harness.suite.fit.parameters import Parameters, count
from harness.suite.fit.skeleton import DTYPE, skeleton
from harness.suite.fit.states import first_of
from harness.suite.fit.storage import FORMATS, weights_bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a model needs."""

    parameters: Parameters
    weights_bytes: dict[str, int]
    """By the name of the format."""
    heads: int | None
    """Of queries."""
    kv_heads: int | None
    """Parts that the cache of a layer can be split into: one where all heads share a latent."""
    positions: int | None
    """Tokens that the model was made for; None where the configuration sets no bound."""
    theory: Cache | None
    """What the architecture must keep of one sequence, in elements."""
    library: Kept | None
    """What this library's cache was seen to keep, in bytes at `library_dtype`."""
    library_dtype: str
    activations: Activations | None
    """An estimate."""

    def to_json(self) -> dict[str, Any]:
        """The record, with the sums that its parts give."""
        data = asdict(self)
        data["parameters"]["active"] = self.parameters.active
        if self.theory is not None:
            for name in ("per_token", "per_token_past_windows", "fixed", "per_source_token"):
                data["theory"][name] = getattr(self.theory, name)
        return data


def sheet(model: Model) -> Sheet:
    """Build the row's principal class on the meta device and count."""
    built = skeleton(model)
    counted, text = count(built), decoder_config(built.config)
    # Where layers differ in their heads, those of the first stand for all.
    layer = next(iter(layer_configs(text, len(layer_kinds(built.config)))), text)
    heads = first_of(layer, HEADS)
    return Sheet(
        parameters=counted,
        weights_bytes={name: weights_bytes(counted, form) for name, form in FORMATS.items()},
        heads=heads,
        kv_heads=_parts(layer, heads),
        positions=getattr(text, "max_position_embeddings", None),
        theory=cache_need(built.config) if built.can_generate() else None,
        library=kept(built) if built.can_generate() else None,
        library_dtype=str(DTYPE).removeprefix("torch."),
        activations=activations(built.config),
    )


def _parts(layer: Any, heads: int | None) -> int | None:
    if heads is None:
        return None
    return 1 if getattr(layer, "kv_lora_rank", None) else kv_heads(layer, heads)
