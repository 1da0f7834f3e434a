"""How evenly a mixture of experts uses its experts, layer by layer: figures of counts, and who was counted.

The suite counts inside the container; tables and pictures outside read the same definitions.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.results.record import Metric, Result

FACT = "expert_use"
"""The fact of a cell that has the counts by layer, or in words why there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerUse:
    """How often each expert of a layer was chosen; at least one was."""

    name: str
    """Where the model keeps the layer's experts: `model.layers.3.mlp.experts`."""
    counts: tuple[int, ...]
    """Tokens that were sent to each expert; a token counts once for each of its experts."""

    @property
    def layer(self) -> int | None:
        """The layer's number in its stack, from 0; None where the name has none."""
        return next((int(part) for part in self.name.split(".") if part.isdecimal()), None)

    @property
    def experts_used(self) -> float:
        """Share of the experts that were chosen at all, 0 to 1."""
        return sum(count > 0 for count in self.counts) / len(self.counts)

    @property
    def entropy(self) -> float:
        """Shannon's entropy of the choices over that of even ones, H / ln E: 1 is even, 0 is one expert."""
        if len(self.counts) == 1:
            return 1.0
        total = sum(self.counts)
        parts = (count / total * math.log(total / count) for count in self.counts if count)
        return sum(parts) / math.log(len(self.counts))

    @property
    def imbalance(self) -> float:
        """The most that an expert was chosen, over the mean: 1 is even, E is one expert of E."""
        return max(self.loads)

    @property
    def loads(self) -> tuple[float, ...]:
        """How often each expert was chosen, over the mean."""
        mean = sum(self.counts) / len(self.counts)
        return tuple(count / mean for count in self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a model used of its experts while it answered a dataset's questions."""

    cell: str
    model: str
    dataset: str
    data: str
    """Name of the data root."""
    layers: tuple[LayerUse, ...]
    """None where it was not measured."""
    reason: str = ""
    """Why not; empty where it was."""

    def to_json(self) -> dict[str, Any]:
        """For a program: counts and figures of each layer."""
        layers = [
            {
                "name": row.name,
                "layer": row.layer,
                "counts": list(row.counts),
                "experts_used": row.experts_used,
                "entropy": row.entropy,
                "imbalance": row.imbalance,
            }
            for row in self.layers
        ]
        named = {name: getattr(self, name) for name in ("cell", "model", "dataset", "data", "reason")}
        return named | {"layers": layers}


def metrics(layers: Sequence[LayerUse], dataset: str) -> tuple[Metric, ...]:
    """The figures of expert use while a dataset was asked, a sample a layer; none of a dense model."""
    if not layers:
        return ()
    return (
        Metric.of("experts_used", "share", dataset, [use.experts_used for use in layers]),
        Metric.of("expert_entropy", "share", dataset, [use.entropy for use in layers]),
        Metric.of("expert_imbalance", "ratio", dataset, [use.imbalance for use in layers]),
    )


def uses(results: Iterable[Result]) -> Iterator[Use]:
    """Of each evaluation of a mixture of experts; dense models are left out."""
    for result in results:
        asked, found = result.cell.get("questions"), result.report.facts.get(FACT)
        if not asked or not found:
            continue
        told = isinstance(found, Mapping)
        counted = found.items() if told else ()
        yield Use(
            cell=result.cell["id"],
            model=asked["entry"],
            dataset=asked["dataset"],
            data=asked["data"],
            layers=tuple(LayerUse(name=name, counts=tuple(counts)) for name, counts in counted),
            reason="" if told else str(found),
        )
