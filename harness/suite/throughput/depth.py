"""What does not fit: what each layer is, and the depth that is loaded in the whole's place.

Layers are counted on the meta device as they stand in the model, each by itself: the first of DeepSeek are
dense, one in eight of Jamba's attends. Two are of one kind where the configuration calls them alike and their
parameters have the same shapes.
"""

from dataclasses import dataclass
from typing import Any

from harness.matrix.cells import Parameters
from harness.matrix.records import Model
from harness.suite.fit.experts import routed
from harness.suite.fit.kinds import LINEAR, layer_kinds
from harness.suite.fit.parameters import DENSE, MOE, counted
from harness.suite.models.build import full_config, meta_model
from harness.suite.models.depths import ENCODER, Stack, in_order
from harness.suite.outcomes import Unsupported
from harness.suite.throughput.design import Design, Layer, Layers, choose

USABLE = 0.6
"""Share of the memory limit that weights may take. The rest is for the libraries, activations, the cache and
the allocator."""
ENOUGH = 1.1
"""A depth with such a spread is deep enough: in `benchmarks/depth.py` what is deeper costs more time and is
hardly nearer to the truth."""
LEAST = 3
"""Layers, where they fit: of fewer, the first, which finds caches as embeddings left them, is too much."""


@dataclass(frozen=True, slots=True)
class Size:
    """Parameters of a model, from shapes alone: of all, and of each layer that can be left out."""

    whole: int
    stack: Layers

    @property
    def layers(self) -> int | None:
        """Layers of the whole; None where it has no stack of them."""
        return len(self.stack.each) or None

    def at(self, layers: int) -> int:
        """Parameters at a depth."""
        return self.whole - sum(layer.parameters for layer in self.stack.each[layers:])


def measure_size(model: Model) -> Size:
    """Count the parameters on the meta device, layer by layer."""
    built = meta_model(model, full_config(model))
    each = layers_of(built)
    found = counted(built)
    inside = sum(layer.parameters for layer in each)
    read = found.embeddings - (found.head if found.tied else 0)
    return Size(found.total, Layers(each, max(0, found.total - inside - read)))


def layers_of(model: Any) -> tuple[Layer, ...]:
    """Each layer of the stacks, in the order in which a depth takes them in."""
    seen: set[int] = set()
    shapes: dict[str, list[Any]] = {}
    found: list[Layer] = []
    for stack, index in in_order(model):
        module = stack.layers[index]
        every = {id(p): p.numel() for p in module.parameters()}
        own = sum(size for key, size in every.items() if key not in seen)  # Zamba's layers share weights
        seen |= every.keys()
        idle = sum(group.idle for group in routed(module, model.config))
        full = " ".join(
            word for word in (stack.field.part, _name(stack, index), MOE if idle else DENSE) if word
        )
        known, shape = shapes.setdefault(full, []), _shape(module)
        if shape not in known:
            known.append(shape)
        kind = full if known.index(shape) == 0 else f"{full} {known.index(shape) + 1}"
        found.append(Layer(full, kind, own, sum(every.values()) - idle))
    return tuple(found)


def _name(stack: Stack, index: int) -> str:
    """What the configuration calls the layer; of an encoder and a decoder that share one, the decoder's."""
    part, config = stack.field.part, stack.field.config
    shared = part == ENCODER and config.is_encoder_decoder
    kinds = () if shared else layer_kinds(config)
    return kinds[index] if index < len(kinds) else type(stack.layers[index]).__name__


def _shape(layer: Any) -> dict[str, tuple[int, ...]]:
    return {name: tuple(parameter.shape) for name, parameter in layer.named_parameters()}


@dataclass(frozen=True, slots=True)
class Depths:
    """What a cell loads; None is the whole."""

    loaded: int | None
    estimated_from: int | None
    """The deepest depth of an estimate; None where the whole is measured and nothing is estimated."""


def decide(size: Size, bytes_each: int, limit: int | None, asked: Parameters) -> Depths:
    """The depth that was asked for, else the whole where it fits, else what stands for it.

    Where the whole is to be held against its estimate and fits, it is loaded in any case. Raises
    `Unsupported` for more layers than there are, more than fit, or too few to fit that say anything.
    """
    layers = asked.layers
    if layers is not None and layers > (size.layers or 0):
        has = "no stack of layers to shorten" if size.layers is None else f"{size.layers}"
        raise Unsupported(f"{layers} layers are asked for, and the model has {has}")
    if layers is not None and not fits(size, layers, bytes_each, limit):
        raise Unsupported(
            _too_much(f"a depth of {layers} at full width", size.at(layers) * bytes_each, limit)
        )
    whole = fits(size, size.layers or 0, bytes_each, limit)
    alone = layers is None and not (asked.verify and size.layers)
    if (whole and alone) or layers == (size.layers or 0):
        return Depths(None, None)
    depth = depth_to_load(size, bytes_each, limit) if layers is None else layers
    return Depths(None if whole and asked.verify else depth, depth)


def depth_to_load(size: Size, bytes_each: int, limit: int | None) -> int:
    """Layers that are loaded in the whole's place: of those that fit in the limit, as few as say enough.

    Where too few fit to say so much, as many as fit. Raises `Unsupported` where those say nothing.
    """
    if size.layers is None:
        raise Unsupported(
            f"{size.whole * bytes_each / 1e9:.1f} GB do not fit, and there is no stack of layers to shorten"
        )
    deepest = None
    for layers in range(1, size.layers):
        found = expected(size, layers)
        if found is None:
            continue
        if not fits(size, layers, bytes_each, limit):
            if deepest is None:
                least = f"a depth of {layers} at full width, the least that says how long the whole takes,"
                raise Unsupported(_too_much(least, size.at(layers) * bytes_each, limit))
            return deepest
        deepest = layers
        if layers >= LEAST and found.spare and spread(size, found) <= ENOUGH:
            return layers
    if deepest is None:
        raise Unsupported(
            f"no depth below {size.layers} layers has enough of each kind to say how long the whole takes"
        )
    return deepest


def expected(size: Size, layers: int) -> Design | None:
    """The depths that will be timed where so many layers are loaded, before it is known which of them run.

    Models do without any layer, and of layers want one that attends, if there is any: caches ask it for
    their length.
    """
    attends = [LINEAR not in layer.name for layer in size.stack.each]
    first = attends.index(True) + 1 if any(attends) else 1
    return choose(size.stack, (0, *range(first, layers + 1)))


def fits(size: Size, layers: int, bytes_each: int, limit: int | None) -> bool:
    """Whether the weights at a depth take no more of the limit than they may; always where there is none."""
    return limit is None or size.at(layers) * bytes_each <= USABLE * limit


def spread(size: Size, found: Design) -> float:
    """What `Design.spread` is expected to be, before anything is timed."""
    costs = [size.stack.cost(depth) for depth in found.depths]
    return found.spread(costs, size.stack.cost(found.layers))


def _too_much(what: str, weights: int, limit: int | None) -> str:
    return f"{what} needs {weights / USABLE / 1e9:.1f} GB; the limit is {(limit or 0) / 1e9:.1f} GB"
