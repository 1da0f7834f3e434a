"""What a model needs, as the suite's `fit` room counts it from the configuration alone.

The records pass the door like a `Report`, of which a sheet is a part; `harness.results.fit` places them on
accelerators. Parameters are in elements, what the library keeps in bytes. Each formula that counting and
placing share is a method here.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from harness.files import digest
from harness.results.cache import Cache, Kept, LayerCache
from harness.results.formats import FORMATS

COUNTER = "counter"
"""Fact of a fit cell: `counter()` where it was counted."""
COUNTERS = ("suite/fit", "suite/models")
"""Folders of the code that counts."""


def counter() -> str:
    """Hash of the code that counts: a sheet that other code has counted is counted anew."""
    return digest(Path(__file__).parents[1] / folder for folder in COUNTERS)


@dataclass(frozen=True, slots=True)
class Routed:
    """Sets of experts of one number, of which a token passes as many."""

    number: int
    chosen: int
    parameters: int
    """Of all these sets."""
    rows: int
    """Output channels of their matrices."""

    @property
    def idle(self) -> int:
        """Parameters that one token does not pass."""
        return self.parameters - self.parameters * self.chosen // self.number

    def share(self, tokens: int) -> float:
        """Of them, what is expected to be passed by `tokens`."""
        return distinct_experts(self.number, self.chosen, tokens) / self.number


def distinct_experts(experts: int, each: int, tokens: int) -> float:
    """How many different experts are expected among the choices of `tokens`, each of `each` different ones.

    E·(1 - (1 - k/E)ⁿ): a token passes an expert over with probability 1 - k/E, all n tokens do with its n-th
    power, and expectations add up (the classical occupancy problem; Feller, "An introduction to probability
    theory and its applications", vol. 1, 3rd ed., II.5 and IX.2). Tokens are taken to choose evenly and
    independently. Trained routers are less even, so it is an upper bound for them.
    """
    return experts * (1 - (1 - each / experts) ** tokens)


@dataclass(frozen=True, slots=True)
class Layers:
    """Layers of one stack that are of one kind and size."""

    stack: str
    """Where the model keeps the list: `model.layers`."""
    kind: str
    """`sliding_attention moe`; what the layers are called in the library where no configuration says."""
    layers: int
    parameters: int
    """Of one such layer."""
    active: int
    """Of one such layer, what a token passes."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Parameters of a whole model, each tensor once."""

    total: int
    embeddings: int
    """Of all look-up tables."""
    head: int
    """Of the output projection, tied or not."""
    tied: bool
    """The head is the embedding, counted once in `total`."""
    matrices: int
    """What quantisation applies to: weights of two dimensions and more that are multiplied by, the head's
    left out, as bitsandbytes, AWQ and GPTQ leave it."""
    rows: int
    """Output channels of those matrices."""
    experts: tuple[Routed, ...]
    layers: tuple[Layers, ...]

    @property
    def active(self) -> int:
        """What one token passes, embeddings whole, as checkpoints' authors count."""
        return self.total - sum(group.idle for group in self.experts)

    def bytes(self, form: str) -> int:
        """Of all weights in that format."""
        return FORMATS[form].bytes(self.matrices, self.rows, self.total - self.matrices)


@dataclass(frozen=True, slots=True)
class Step:
    """Parameters that a decode step reads: not the tables, of which it reads a row, and not an encoder."""

    matrices: int
    """What quantisation applies to, but for the experts."""
    rows: int
    rest: int
    """What stays as it is: the head, norms and biases."""
    experts: tuple[Routed, ...]
    """Of the layers that a step passes."""
    seen: bool
    """Told by a step on the meta device; else everything but the tables is counted."""

    def read(self, batch: int = 1) -> float:
        """Elements; of routed experts those that `batch` tokens are expected to meet."""
        met = sum(group.parameters * group.share(batch) for group in self.experts)
        return self.matrices + self.rest + met

    def bytes(self, form: str, batch: int = 1) -> float:
        """The same in bytes of that format."""
        stored = FORMATS[form]
        met = sum(
            stored.bytes(group.parameters, group.rows, 0) * group.share(batch) for group in self.experts
        )
        return stored.bytes(self.matrices, self.rows, self.rest) + met


@dataclass(frozen=True, slots=True)
class Activations:
    """Elements that a prefill is estimated to hold at its widest."""

    per_token: int
    """Within a layer."""
    heads: int
    vocabulary: int

    def estimate(self, batch: int, length: int, *, eager: bool = False, all_logits: bool = False) -> int:
        """Elements for that many sequences of that many tokens.

        `eager` attention holds its scores twice, before and after the softmax. `generate` asks for the last
        position's logits, a bare forward for those of all.
        """
        scores = 2 * batch * self.heads * length**2 if eager else 0
        logits = batch * (length if all_logits else 1) * self.vocabulary
        return max(batch * length * self.per_token + scores, logits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Everything about a model that its configuration alone tells."""

    parameters: Counted
    heads: int | None
    """Of queries; None where there is no attention to split."""
    kv_heads: int | None
    """Parts that the cache of a layer can be split into: one where all heads share a latent."""
    positions: int | None
    """Tokens that the model was made for; None where the configuration sets no bound."""
    step: Step | None
    """What a decode step reads; None where the model does not generate."""
    theory: Cache | None
    """What the architecture must keep of one sequence, in elements."""
    library: Kept | None
    """What this library's cache was seen to keep, in bytes at `library_dtype`."""
    library_dtype: str
    activations: Activations | None
    """An estimate."""

    def to_json(self) -> dict[str, Any]:
        """The sheet as `schemas/sheet.schema.json` has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of `to_json`; `data` has passed the schema."""
        counted, step, theory = data["parameters"], data["step"], data["theory"]
        layers = tuple(Layers(**row) for row in counted["layers"])
        return cls(
            **data
            | {
                "parameters": Counted(**counted | {"experts": _routed(counted), "layers": layers}),
                "step": Step(**step | {"experts": _routed(step)}) if step else None,
                "theory": Cache(_layer_caches(theory["layers"])) if theory else None,
                "library": Kept(**data["library"]) if data["library"] else None,
                "activations": Activations(**data["activations"]) if data["activations"] else None,
            }
        )

    def described(self) -> dict[str, Any]:
        """The sheet with the sums that its parts give, for people and programs that read it."""
        data = self.to_json()
        data["parameters"]["active"] = self.parameters.active
        data["weights_bytes"] = {name: self.parameters.bytes(name) for name in FORMATS}
        if self.theory is not None:
            for name in ("per_token", "per_token_past_windows", "fixed", "per_source_token"):
                data["theory"][name] = getattr(self.theory, name)
        return data


def _routed(data: dict[str, Any]) -> tuple[Routed, ...]:
    return tuple(Routed(**row) for row in data["experts"])


def _layer_caches(rows: Iterable[dict[str, Any]]) -> tuple[LayerCache, ...]:
    return tuple(LayerCache(**row) for row in rows)
