"""What a model keeps of one sequence: by the book, layer by layer, and as the library was seen to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LayerCache:
    """What one layer keeps of one sequence, in elements."""

    kind: str
    per_token: int = 0
    window: int | None = None
    """Tokens that attention sees, the present one included; None where it sees all."""
    fixed: int = 0
    """Whatever the length."""
    per_source_token: int = 0
    """Of each token of an encoder."""

    def at(self, length: int, source: int = 0) -> int:
        """Elements kept after `length` tokens, `source` of them an encoder's."""
        held = length if self.window is None else min(length, self.window - 1)
        return self.per_token * held + self.fixed + self.per_source_token * source


@dataclass(frozen=True, slots=True)
class Cache:
    """What all layers keep of one sequence."""

    layers: tuple[LayerCache, ...]

    def at(self, length: int, source: int = 0) -> int:
        """Elements kept after `length` tokens."""
        return sum(layer.at(length, source) for layer in self.layers)

    @property
    def per_token(self) -> int:
        """Elements that each token adds while no window is full."""
        return sum(layer.per_token for layer in self.layers)

    @property
    def per_token_past_windows(self) -> int:
        """Elements that each token adds once every window is full."""
        return sum(layer.per_token for layer in self.layers if layer.window is None)

    @property
    def fixed(self) -> int:
        """Elements kept whatever the length: states of recurrent layers."""
        return sum(layer.fixed for layer in self.layers)

    @property
    def per_source_token(self) -> int:
        """Elements that each token of an encoder adds."""
        return sum(layer.per_source_token for layer in self.layers)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the library's cache was seen to hold of one sequence, in bytes of the model's dtype."""

    per_token: float
    """While no window is full."""
    fixed: float
    """Whatever the length."""
    per_source_token: float

    def at(self, length: int, source: int = 0) -> float:
        """Bytes kept after `length` tokens, by the line: windows are not seen."""
        return self.fixed + self.per_token * length + self.per_source_token * source
