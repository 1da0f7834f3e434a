"""Parameters of a model, counted from the modules that the library builds, each tensor once.

Buffers are no parameters. What a token does not pass is told apart: an embedding is a table of which it reads
a row, and of routed experts it passes those that the router chooses (Shazeer et al., "Outrageously large
neural networks", 2017, arXiv 1701.06538; Fedus et al., "Switch Transformers", 2021, arXiv 2101.03961).
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from torch import nn

from harness.results.sheet import Counted, Layers
from harness.suite.fit.experts import routed
from harness.suite.fit.kinds import layer_kinds
from harness.suite.fit.skeleton import stacks, text_stack

MOE, DENSE = "moe", "dense"


def counted(model: Any) -> Counted:
    """Count a model's parameters, in no arithmetic but that of shapes: a model on the meta device will do."""
    embeddings, head = tables(model), head_of(model)
    multiplied = matrices(model)
    return Counted(
        total=sum(parameter.numel() for parameter in model.parameters()),
        embeddings=sum(embeddings.values()),
        head=sum(head.values()),
        tied=bool(embeddings.keys() & head.keys()),
        matrices=sum(parameter.numel() for parameter in multiplied),
        rows=sum(parameter.shape[:-1].numel() for parameter in multiplied),
        experts=routed(model),
        layers=tuple(_layers(model)),
    )


def tables(model: Any) -> dict[int, int]:
    """Look-up tables: identity → elements."""
    return _weights(m for m in model.modules() if isinstance(m, nn.Embedding))


def head_of(model: Any) -> dict[int, int]:
    """The output projection, which may be a table as well: identity → elements."""
    return _weights([found] if (found := model.get_output_embeddings()) is not None else [])


def matrices(model: Any) -> list[nn.Parameter]:
    """What quantisation applies to."""
    kept = tables(model).keys() | head_of(model).keys()
    return [found for found in model.parameters() if found.dim() > 1 and id(found) not in kept]


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
