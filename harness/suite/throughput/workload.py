"""The model that is timed: at full width, at the depth that fits, with the inputs of its cell."""

import contextlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import torch

from harness.matrix.records import Cell
from harness.suite.functional.generation import decoder_start
from harness.suite.latest import release
from harness.suite.models.build import depth, full_config, full_model, set_depth, tiny_model
from harness.suite.models.inputs.context import Shape
from harness.suite.models.inputs.make import find_recipe, make_inputs
from harness.suite.models.inputs.modalities import PIXELS
from harness.suite.models.inputs.rows import placed
from harness.suite.models.inputs.text import placeholder_id
from harness.suite.outcomes import Unsupported
from harness.suite.throughput import memory
from harness.suite.throughput.clock import synchronise
from harness.suite.throughput.depth import Size, depth_that_fits, measure_size, shallow_depths
from harness.suite.throughput.timed import Timed  # noqa: TC001 — a field of the class

IMAGE = 224
"""Pixels a side for a model that takes any (ResNet): what the library's processors crop to for it."""
AUDIO = 160_000
"""Samples of raw audio: 10 s at 16 kHz, about an utterance."""


class Workload:
    """A cell's model and inputs. `model` exists once `load` has run."""

    def __init__(self, cell: Cell, size: Size, layers: int | None, baseline: int | None) -> None:
        self.cell = cell
        self.size = size
        self.layers = layers
        """The reduced depth; None where the whole model fits."""
        self.baseline = baseline
        """Bytes in use before the model, on its device: the libraries' import."""
        self.dtype: torch.dtype = getattr(torch, cell.parameters.dtype)
        self.device = cell.torch_device
        self.loads = 0
        """Times that the weights were allocated and filled."""
        self.timed: list[Timed] = []
        """What this process has timed so far."""
        self._model: Any = None
        self._inputs: dict[str, Any] = {}
        self._remembered: dict[tuple[str, int | None], Any] = {}

    @classmethod
    def of(cls, cell: Cell, memory_bytes: int | None) -> "Workload":
        """Decide the depth; nothing is allocated yet. `memory_bytes` None takes what the machine has free."""
        size = measure_size(cell.model)
        limit = memory_bytes or memory.available()
        dtype: torch.dtype = getattr(torch, cell.parameters.dtype)
        layers = depth_that_fits(size, dtype.itemsize, limit if cell.torch_device == "cpu" else None)
        release()
        return cls(cell, size, layers, memory.used(cell.torch_device))

    @property
    def model(self) -> Any:
        """The loaded model."""
        if self._model is None:
            self.load()
        return self._model

    @property
    def whole_layers(self) -> int:
        """Layers of the whole model."""
        return self.size.layers or 0

    @property
    def weights_bytes(self) -> int:
        """Bytes of the whole model's weights in the cell's dtype, counted from their shapes."""
        return self.size.whole * self.dtype.itemsize

    @property
    def loaded_bytes(self) -> int:
        """Bytes of the weights that are loaded, counted: layers are not all alike."""
        return sum(parameter.nbytes for parameter in self.model.parameters())

    @property
    def shallow(self) -> tuple[int, ...]:
        """Depths measured beside the loaded one; none where the whole model is loaded."""
        return () if self.layers is None else shallow_depths(self.layers)

    def facts(self) -> dict[str, Any]:
        """What was loaded, for the result."""
        return {
            "parameters": self.size.whole,
            "weights_bytes": self.weights_bytes,
            "layers": self.size.layers,
            "layers_loaded": self.layers or self.size.layers,
            "weights": "random",
        }

    def remembered(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` gives at the present depth, made once."""
        key = (name, depth(self.model.config))
        if key not in self._remembered:
            self._remembered[key] = make()
        return self._remembered[key]

    def forget(self) -> None:
        """Let go of what was remembered."""
        self._remembered.clear()

    def load(self) -> None:
        """Allocate and fill the weights, and move them to the device."""
        self._model = None
        self.forget()
        config = full_config(self.cell.model, self.layers)
        seed = self.cell.parameters.seed
        self._model = full_model(self.cell.model, config, self.dtype, seed).to(self.device)
        synchronise(self.device)
        self.loads += 1

    def inputs(self) -> dict[str, Any]:
        """Arguments of `forward`, on the device, floating-point ones in the cell's dtype; made once.

        Their length is the one asked for, counted in tokens; an image's placeholders are on top. A
        caption's is not asked for: it is always the model's own.
        """
        if not self._inputs:
            asked = self.cell.parameters
            tokens = caption_tokens(self.model) or asked.input_tokens
            self._require_positions(tokens)
            # The layout is the class's: it is found on a tiny model, where trying costs nothing.
            recipe = find_recipe(tiny_model(self.cell.model, asked.seed))
            shape = Shape(
                batch=asked.batch, tokens=tokens, seed=asked.seed, image=IMAGE, audio=AUDIO, full=True
            )
            made = make_inputs(self.model, shape, recipe)
            self._require_positions(made["input_ids"].shape[1] if "input_ids" in made else tokens)
            self._inputs = {name: placed(value, self.device, self.dtype) for name, value in made.items()}
        return self._inputs

    def shapes(self) -> dict[str, list[int]]:
        """The inputs' shapes by name, for the result; none before they are made."""
        return {n: list(v.shape) for n, v in self._inputs.items() if isinstance(v, torch.Tensor)}

    def prompt(self) -> dict[str, Any]:
        """Arguments of `generate`."""
        return {name: value for name, value in self.inputs().items() if name != "decoder_input_ids"}

    def first_step(self) -> dict[str, Any]:
        """Arguments of the forward that prefills: the prompt, and the start token of a separate decoder."""
        prompt, config = self.prompt(), self.model.config
        if not config.is_encoder_decoder:
            return prompt
        start = decoder_start(self.model).get("decoder_start_token_id")
        start = self.model.generation_config.decoder_start_token_id if start is None else start
        batch = self.cell.parameters.batch
        return prompt | {"decoder_input_ids": torch.full((batch, 1), start, device=self.device)}

    def _require_positions(self, tokens: int) -> None:
        """`Unsupported` where the prompt, or what follows it in a decoder, is past the model's positions."""
        config = self.model.config
        follow = self.model.can_generate() and not config.is_encoder_decoder
        length = tokens + (self.cell.parameters.output_tokens if follow else 0)
        positions = getattr(config.get_text_config(), "max_position_embeddings", None)
        if isinstance(positions, int) and self.model.main_input_name == "input_ids" and length > positions:
            raise Unsupported(f"{length} tokens are asked for, and the model has {positions} positions")

    @contextlib.contextmanager
    def at_depth(self, layers: int) -> Iterator[None]:
        """The same weights with only the first `layers` of the stack, until the block ends."""
        stack_owner, name = self._stack()
        stack, config = getattr(stack_owner, name), self.model.config
        whole = depth(config)
        if whole is None:
            raise RuntimeError("a model without a stack cannot be shortened")
        saved = dict(vars(config.get_text_config()))
        setattr(stack_owner, name, stack[:layers])
        set_depth(config, layers)
        try:
            yield
        finally:
            setattr(stack_owner, name, stack)
            vars(config.get_text_config()).update(saved)

    def _stack(self) -> tuple[Any, str]:
        """The module list that the configuration's depth counts: the largest of that length."""
        layers = depth(self.model.config)
        stacks = [
            (sum(p.numel() for p in child.parameters()), module, name)
            for module in self.model.modules()
            for name, child in module.named_children()
            if isinstance(child, torch.nn.ModuleList) and len(child) == layers
        ]
        _, owner, name = max(stacks, key=lambda entry: entry[0])
        return owner, name


def caption_tokens(model: Any) -> int | None:
    """Length of a caption where text is read beside an image (CLIP); None for any other model.

    The library's processors pad each caption to all the positions that the text tower has.
    """
    accepted = inspect.signature(model.forward).parameters.keys()
    beside = "input_ids" in accepted and bool(accepted & set(PIXELS))
    if not beside or placeholder_id(model.config, "image") is not None:
        return None
    return int(model.config.get_text_config().max_position_embeddings)
