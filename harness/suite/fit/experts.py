"""Routed experts among a model's modules: how many there are, and how many of them a token passes."""

from collections import Counter
from collections.abc import Container, Iterator
from typing import Any

from torch import nn

from harness.results.sheet import Routed
from harness.suite.models.fields import sub_configs

CHOSEN = (
    "num_experts_per_tok",
    "num_experts_per_token",
    "top_k_experts",
    "moe_topk",
    "moe_top_k",
    "moe_k",
)
"""What configurations call the number of experts that a token is sent to."""
CHOSEN_BY_TYPE = {"switch_transformers": 1, "nllb-moe": 2}
"""Types whose routing is in their code: Switch's one (arXiv 2101.03961), NLLB's two (arXiv 2207.04672)."""
NAMES = ("experts",)
ENDINGS = ("Experts",)
"""A module of that name, or of a class whose name ends so, holds routed experts; `shared_experts` are a plain
MLP, which every token passes."""


def routed(model: nn.Module, config: Any = None, among: Container[int] | None = None) -> tuple[Routed, ...]:
    """The experts in a model, or in a layer of the model of that configuration.

    Of sets with a parameter `among` these identities, where they are given.
    """
    config = getattr(model, "config", None) if config is None else config
    chosen = chosen_experts(config)
    sizes: Counter[tuple[int, int]] = Counter()
    rows: Counter[tuple[int, int]] = Counter()
    for holder in holders(model):
        number, parameters = _number(holder), list(holder.parameters())
        if number is None or chosen is None or not (among is None or any(id(p) in among for p in parameters)):
            continue
        kind = number, min(chosen, number)
        sizes[kind] += sum(p.numel() for p in parameters)
        rows[kind] += sum(p.shape[:-1].numel() for p in parameters if p.dim() > 1)
    return tuple(Routed(*kind, size, rows[kind]) for kind, size in sorted(sizes.items()))


def holders(module: nn.Module) -> Iterator[nn.Module]:
    """The outermost modules that hold experts."""
    for name, child in module.named_children():
        if name in NAMES or type(child).__name__.endswith(ENDINGS):
            yield child
        else:
            yield from holders(child)


def _number(holder: nn.Module) -> int | None:
    """How many experts a module holds: its own number, its length, or the first of its three dimensions."""
    for module in holder.modules():
        for name in ("num_experts", "moe_num_experts"):
            if isinstance(found := getattr(module, name, None), int):
                return found
    if isinstance(holder, nn.ModuleList | nn.ModuleDict):
        return len(holder)
    return next((p.shape[0] for p in holder.parameters() if p.dim() == 3), None)


def chosen_experts(config: Any) -> int | None:
    """How many experts a token is sent to, of the first configuration in the tree that says so."""
    if config is None:
        return None
    if config.model_type in CHOSEN_BY_TYPE:
        return CHOSEN_BY_TYPE[config.model_type]
    for name in CHOSEN:
        found = vars(config).get(name)
        if isinstance(found, list | tuple) and found:  # one a layer (Hunyuan), which are the same in practice
            found = max(found)
        if isinstance(found, int):
            return found
    return next((found for sub in sub_configs(config).values() if (found := chosen_experts(sub))), None)
