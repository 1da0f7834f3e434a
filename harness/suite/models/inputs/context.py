"""What the makers of inputs see: the model, the sizes asked for, what was made so far, a source of values."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from harness.suite.models.fields import sub_configs
from harness.suite.models.inputs.entry import accepted
from harness.suite.models.tokens import special_tokens

VISION = ("vision", "visual", "image", "vit", "vq", "video", "encoder", "backbone", "thinker")
"""Words in the name of the sub-configuration that reads pixels, the likeliest first."""
AUDIO = ("audio", "speech", "acoustic", "encoder", "codec", "thinker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The sizes that a configuration leaves open, small by default, and the seed the values come from."""

    batch: int = 1
    tokens: int = 24
    """Tokens a row, placeholders of images and audio included."""
    image: int = 64
    """Pixels a side, where the configuration names no size."""
    frames: int = 2
    """Frames of a video."""
    audio: int = 6400
    """Samples of raw audio at 16 kHz: past the receptive fields of wav2vec2 and of a head for speakers."""
    seed: int = 0
    full: bool = False
    """The model is at full width: sizes are its own, and placeholders come on top of `tokens`."""


@dataclass(slots=True)
class Context:
    """One row of a batch in the making."""

    model: Any
    shape: Shape
    row: int
    styles: Mapping[str, str]
    """Modality → how its values are laid out."""
    pins: Mapping[str, Any]
    """What the model type's row in `peculiar` says of its inputs."""
    made: dict[str, Any] = field(default_factory=dict)
    placeholders: dict[str, int] = field(default_factory=dict)
    """Modality → tokens that stand for it in the text."""

    @property
    def config(self) -> Any:
        """The model's configuration."""
        return self.model.config

    @property
    def text(self) -> Any:
        """The configuration of the tower that reads text: of two, the encoder's (Musicgen)."""
        try:
            return self.config.get_text_config()
        except ValueError:
            return self.config.get_text_config(encoder=True)

    @property
    def accepted(self) -> Mapping[str, inspect.Parameter]:
        """The arguments of the model's forward, or of what is run in its place."""
        return accepted(self.model, self.pins.get("entry", ()))

    def takes(self, *names: str) -> bool:
        """Whether forward has one of these arguments."""
        return any(name in self.accepted or name in self.pins.get("through", ()) for name in names)

    def needs(self, name: str) -> bool:
        """Whether forward has the argument and no default for it."""
        return name in self.accepted and self.accepted[name].default is inspect.Parameter.empty

    def generator(self, name: str) -> torch.Generator:
        """A source of values for one argument of this row, the same each time."""
        return torch.Generator().manual_seed(seed_of(name, self.row, self.shape.seed))

    def uniform(self, name: str, *shape: int) -> torch.Tensor:
        """Values in [-1, 1), exact in float32."""
        return torch.rand(*shape, generator=self.generator(name)) * 2 - 1

    def tokens(self, name: str, length: int, vocabulary: int) -> torch.Tensor:
        """(1, length) ids below `vocabulary` of which none is special."""
        special = special_tokens(self.config)
        plain = torch.tensor([i for i in range(vocabulary) if i not in special] or [0])
        return plain[torch.randint(len(plain), (1, length), generator=self.generator(name))]

    def vocabulary(self) -> int:
        """Ids that the input embedding has, or that the row of the model type names where it has no table."""
        if pinned := self.pins.get("vocabulary"):
            return int(pinned)
        try:
            table = self.model.get_input_embeddings()
        except (NotImplementedError, AttributeError):
            table = None
        if hasattr(table, "num_embeddings"):
            return int(table.num_embeddings)
        return int(getattr(self.text, "vocab_size", None) or 2)

    def node(self, words: tuple[str, ...], *fields: str) -> Any:
        """The configuration of the tree that has one of `fields`.

        Of those whose name holds a word, the nearest.
        """
        nodes = list(_tree(self.config))
        ranked = sorted(nodes, key=lambda n: (_rank(n[0], words), n[0].count(".")))
        return next((c for _, c in ranked if any(_has(c, f) for f in fields)), None)

    def number(self, words: tuple[str, ...], *fields: str, default: int) -> int:
        """The first of `fields` that such a configuration has, as a number."""
        for name in fields:
            found = self.node(words, name)
            if found is not None:
                value = vars(found).get(name, getattr(found, name, None))
                value = value[0] if isinstance(value, list | tuple) else value
                if isinstance(value, int | float):
                    return int(value)
        return default


def seed_of(name: str, row: int, seed: int) -> int:
    """The seed of the values of one argument of one row."""
    return sum((i + 1) * ord(c) for i, c in enumerate(name)) + 7919 * row + 104729 * seed


def _tree(config: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, config
    for name, sub in sub_configs(config).items():
        yield from _tree(sub, f"{path}.{name}")


def _rank(path: str, words: tuple[str, ...]) -> int:
    """0 for the word that is likeliest.

    The whole tree's own configuration stands before what no word fits.
    """
    for index, word in enumerate(words):
        if word in path or (not path and index == len(words) - 1):
            return index
    return len(words) if not path else len(words) + 1


def _has(config: Any, name: str) -> bool:
    values = vars(config)
    if values.get(name) is not None:
        return True
    return name in getattr(config, "attribute_map", {}) and getattr(config, name, None) is not None
