"""Parameters of a model, counted from the modules that the library builds, each tensor once.

Buffers are no parameters. What a token does not pass is told apart: an embedding is a table of which it reads
a row, and of routed experts it passes those that the router chooses (Shazeer et al., "Outrageously large
neural networks", 2017, arXiv 1701.06538; Fedus et al., "Switch Transformers", 2021, arXiv 2101.03961).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torch import nn

from harness.suite.fit.experts import Routed, routed
from harness.suite.fit.kinds import layer_kinds
from harness.suite.fit.skeleton import stacks, text_stack

MOE, DENSE = "moe", "dense"


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
class Parameters:
    """Counts of a whole model."""

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

    def read(self, batch: int = 1) -> float:
        """Parameters that a decode step of `batch` sequences must read.

        All but look-up tables (a tied one is read as the head), and of routed experts those that `batch`
        tokens, each choosing evenly and by itself, are expected to meet.
        """
        tables = self.embeddings - (self.head if self.tied else 0)
        return self.total - tables - sum(group.unread(batch) for group in self.experts)


def count(model: Any) -> Parameters:
    """Count a model's parameters, in no arithmetic but that of shapes: a model on the meta device will do."""
    tables = _weights(m for m in model.modules() if isinstance(m, nn.Embedding))
    head = _weights([found] if (found := model.get_output_embeddings()) is not None else [])
    matrices = [
        parameter
        for parameter in model.parameters()
        if parameter.dim() > 1 and id(parameter) not in tables and id(parameter) not in head
    ]
    return Parameters(
        total=sum(parameter.numel() for parameter in model.parameters()),
        embeddings=sum(tables.values()),
        head=sum(head.values()),
        tied=bool(tables.keys() & head.keys()),
        matrices=sum(parameter.numel() for parameter in matrices),
        rows=sum(parameter.shape[:-1].numel() for parameter in matrices),
        experts=routed(model),
        layers=tuple(_layers(model)),
    )


def _weights(modules: Iterable[nn.Module]) -> dict[int, int]:
    """Identity → elements of the parameters of some modules."""
    return {id(p): p.numel() for module in modules for p in module.parameters()}


def _layers(model: Any) -> Iterable[Layers]:
    """Each stack's layers, neighbours of one kind and size or not, counted together."""
    kinds, text = layer_kinds(model.config), text_stack(model)
    seen: set[int] = set()
    for stack in stacks(model):
        listed = kinds if text is not None and stack.name == text.name else ()
        alike: Counter[tuple[str, int, int]] = Counter()
        for index, layer in enumerate(stack.layers):
            # A layer whose weights an earlier one has (Zamba, ALBERT) adds none.
            own = [p for p in layer.parameters() if id(p) not in seen]
            seen.update(id(p) for p in own)
            size, idle = sum(p.numel() for p in own), sum(group.idle for group in routed(layer, model.config))
            kind = listed[index] if index < len(listed) else type(layer).__name__
            mixed = f"{kind} {MOE if idle else DENSE}" if listed else kind
            alike[mixed, size, size - idle] += 1
        for (kind, size, active), number in alike.items():
            yield Layers(stack.name, kind, number, size, active)
