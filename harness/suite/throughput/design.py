"""Which depths are measured: as few and as shallow as still say how long the whole takes.

A model's time is a + Σ n·b: `a` for what stands beside the layers (embeddings, head, a tower for images), and
for each kind of layer how many there are, times what one takes. Depths are chosen so that the whole's counts
are a combination of theirs; `weights` is that combination, by least squares of relative errors. No torch
here: the process that puts children's rounds together computes nothing that needs it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

BY_KIND = "layers of each kind"
BY_SIZE = "parameters of the layers of each kind"
EXACT = 1e-6
"""Share of the whole's counts that a combination may miss: rounding, in units of layers."""
MOST = 24
"""Depths to choose among, where so many decide: the choice takes time with the square of their number."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a stack."""

    name: str
    """What the configuration calls it and whether it routes: `sliding_attention moe`."""
    kind: str
    """The name, told apart from layers of that name and other shapes."""
    parameters: int
    """That no layer before it has."""
    passed: int
    """Parameters that a token passes, shared ones included: what its time goes by."""


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers of a model in the order in which a depth takes them in, and what stands beside them."""

    each: tuple[Layer, ...]
    beside: int
    """Parameters that a token passes and that are in no layer."""

    def cost(self, layers: int) -> int:
        """Parameters that a token passes at a depth: what a round's time is taken for before it is known."""
        return max(1, self.beside + sum(layer.passed for layer in self.each[:layers]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The depths of each round, and what of each kind they hold."""

    layers: int
    """Of the whole."""
    kinds: tuple[str, ...]
    by: str
    """What is counted: layers, or where no depths can tell their sizes apart, their parameters."""
    depths: tuple[int, ...]
    """Ascending; 0 is the model without its layers."""
    counts: tuple[tuple[float, ...], ...]
    """Of each depth, how many of each kind."""
    whole: tuple[float, ...]

    def weights(self, seconds: Sequence[float]) -> tuple[float, ...]:
        """The whole's time is the sum of the depths' times, each by its weight: what a fit amounts to.

        The fit is by least squares of errors that are a share of the `seconds` that each depth takes about.
        """
        scale = 1 / np.maximum(np.asarray(seconds, dtype=float), np.finfo(float).tiny)
        return tuple(_combination(self._rows * scale[:, None], self._target) * scale)

    def fitted(self, seconds: Sequence[float]) -> tuple[float, ...]:
        """What the same fit says of the depths themselves."""
        taken = np.asarray(seconds, dtype=float)
        scale = 1 / np.maximum(taken, np.finfo(float).tiny)
        rows = self._rows * scale[:, None]
        return tuple(rows @ (np.linalg.pinv(rows) @ (taken * scale)) / scale)

    @property
    def decides(self) -> bool:
        """Whether the whole's counts are a combination of the depths'."""
        weights = _combination(self._rows, self._target)
        return bool(np.allclose(weights @ self._rows, self._target, rtol=EXACT, atol=EXACT))

    @property
    def spare(self) -> int:
        """Depths beyond those that it takes: they show how far the times are from the model of them."""
        return len(self.depths) - int(np.linalg.matrix_rank(self._rows))

    def spread(self, seconds: Sequence[float], whole: float) -> float:
        """Error of the `whole` seconds, as a share, where each depth's has one of 1 that is its own."""
        return float(np.linalg.norm(np.asarray(self.weights(seconds)) * np.asarray(seconds)) / whole)

    def to_json(self) -> dict[str, Any]:
        """As a child sends it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of `to_json`."""
        rows = tuple(tuple(row) for row in data["counts"])
        plain = {name: tuple(data[name]) for name in ("kinds", "depths", "whole")}
        return cls(**data | plain | {"counts": rows})

    @property
    def _rows(self) -> Any:
        return np.array([(1.0, *row) for row in self.counts])

    @property
    def _target(self) -> Any:
        return np.array((1.0, *self.whole))


def design(layers: Layers, depths: Iterable[int], by: str = BY_KIND) -> Design:
    """What the depths hold."""
    named = [layer.kind if by == BY_KIND else layer.name for layer in layers.each]
    kinds, depths = tuple(dict.fromkeys(named)), tuple(sorted(set(depths)))
    amounts = [1.0 if by == BY_KIND else layer.parameters / 1e6 for layer in layers.each]

    def held(depth: int) -> tuple[float, ...]:
        upto = list(zip(named, amounts, strict=True))[:depth]
        return tuple(sum(amount for kind, amount in upto if kind == one) for one in kinds)

    return Design(
        layers=len(named),
        kinds=kinds,
        by=by,
        depths=depths,
        counts=tuple(held(depth) for depth in depths),
        whole=held(len(named)),
    )


def choose(layers: Layers, allowed: Iterable[int]) -> Design | None:
    """Of the depths allowed those that say most of the whole for their time; None where all say too little.

    Of all depths, time and again the one is left out that is missed least, by the variance of the whole's
    time times the time of a round, until each is needed. Then one is added, the farthest from them, of those
    that show how far times are from the model of them. The deepest is always among them.
    """
    depths = sorted(set(allowed))
    for by in (BY_KIND, BY_SIZE):
        for step in (1 + len(depths) // MOST, 1):
            found = design(layers, depths[::-step], by)
            if len(found.depths) > 1 and found.decides:
                return _with_spare(layers, _thinned(layers, found), depths)
    return None


def _thinned(layers: Layers, found: Design) -> Design:
    """The fewest depths that decide, the cheapest for what they say."""
    while True:
        fewer = [
            design(layers, (d for d in found.depths if d != left), found.by) for left in found.depths[:-1]
        ]
        deciding = [one for one in fewer if one.decides]
        if not deciding:
            return found
        found = min(deciding, key=lambda one: _price(layers, one))


def _with_spare(layers: Layers, found: Design, depths: Iterable[int]) -> Design:
    """One depth more, where there is one of which the others say how long it must take."""
    more = [design(layers, (*found.depths, depth), found.by) for depth in depths if depth not in found.depths]
    costs = [layers.cost(depth) for depth in found.depths]

    def apart(one: Design) -> int:
        (new,) = set(one.depths) - set(found.depths)
        return min(abs(layers.cost(new) - cost) for cost in costs)

    return max((one for one in more if one.spare > found.spare), key=apart, default=found)


def _price(layers: Layers, found: Design) -> float:
    costs = [layers.cost(depth) for depth in found.depths]
    return found.spread(costs, layers.cost(found.layers)) ** 2 * sum(costs)


def _combination(rows: Any, target: Any) -> Any:
    """The shortest weights whose combination of the rows comes nearest to the target."""
    return np.linalg.pinv(rows.T) @ target
