"""The model that is timed: at full width, at the depth that fits, with the inputs of its cell."""

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch

from harness.matrix.cells import Cell
from harness.suite.functional.generation import decoder_start
from harness.suite.latest import release
from harness.suite.models.build import full_config, model_class, tiny_model
from harness.suite.models.cached import tensors
from harness.suite.models.depths import depth, shortened
from harness.suite.models.inputs.context import Shape
from harness.suite.models.inputs.make import find_recipe, make_inputs
from harness.suite.models.inputs.rows import placed
from harness.suite.precision import PRECISIONS
from harness.suite.roofline.counts import Counts  # noqa: TC001 — a field of the class
from harness.suite.throughput import cgroup, memory, refusals, variants
from harness.suite.throughput.depth import Size, decide, measure_size
from harness.suite.throughput.loaded import Loaded
from harness.suite.throughput.quantised import require_quantised, stored_bytes
from harness.suite.throughput.timed import Timed  # noqa: TC001 — a field of the class

IMAGE = 224
"""Pixels a side for a model that takes any (ResNet): what the library's processors crop to for it."""
AUDIO = 160_000
"""Samples of raw audio: 10 s at 16 kHz, about an utterance."""
LEARNING_RATE = 1e-6
"""Of the step that is timed: small, so that weights are the same size after any number of rounds."""


class Workload:
    """A cell's model and inputs. `model` exists once it has been filled, or loaded."""

    def __init__(
        self,
        cell: Cell,
        size: Size,
        layers: int | None,
        baseline: int | None,
        limit: int | None = None,
        *,
        estimated_from: int | None = None,
    ) -> None:
        self.cell = cell
        self.size = size
        self.layers = layers
        """The reduced depth that is loaded; None where it is the whole."""
        self.estimated_from = layers if estimated_from is None else estimated_from
        """The deepest depth that the whole is estimated from; None where nothing is estimated."""
        self.baseline = baseline
        """Bytes in use before the model, on its device: the libraries' import."""
        group, self.group_unread = cgroup.own()
        self.group_baseline = cgroup.used(group) if group else None
        """Bytes that all of this container used before the model; None where `group_unread` says why."""
        self.dtype: torch.dtype = PRECISIONS[cell.parameters.dtype].dtype
        self.device = cell.torch_device
        self.limit = limit
        """Bytes that everything together may take; None where nothing says so."""
        self.calls = 0
        """Times that a phase has called the model."""
        self.timed: list[Timed] = []
        """What this process has timed so far."""
        self.counts: dict[tuple[str, int | None], Counts] = {}
        """Phase and depth → what it does, as far as it was counted."""
        self.loaded = Loaded(cell, layers)
        self._optimiser: torch.optim.Optimizer | None = None
        self._inputs: dict[str, Any] = {}
        self._remembered: dict[tuple[str, int | None], Any] = {}

    @classmethod
    def of(cls, cell: Cell, memory_bytes: int | None) -> "Workload":
        """Decide the depth; nothing is allocated yet. `memory_bytes` None takes what the machine has free.

        `Unsupported`, in a sentence, where what is asked for cannot be run.
        """
        found, config, asked = model_class(cell.model), full_config(cell.model), cell.parameters
        dtype = PRECISIONS[asked.dtype].dtype
        arguments = frozenset(inspect.signature(found.forward).parameters)  # type: ignore[attr-defined]
        tokens = refusals.caption_tokens(found, config) or asked.input_tokens
        refusals.require_layers(asked.layers, config, cell.model.id)
        refusals.require_positions(found, config, tokens, asked.output_tokens)
        refusals.require_dtype(dtype, cell.torch_device)
        variants.require_variant(asked, cell.torch_device, found, arguments)
        if asked.quantisation is not None:
            require_quantised(cell)
        size, on_cpu = measure_size(cell.model), cell.torch_device == "cpu"
        limit = (memory_bytes if on_cpu else None) or memory.available(cell.torch_device)
        depths = decide(size, dtype.itemsize, limit if on_cpu else None, asked)
        release()
        used = memory.used(cell.torch_device)
        work = cls(cell, size, depths.loaded, used, limit, estimated_from=depths.estimated_from)
        need = work.need()
        if need is not None:
            refusals.require_room(need, asked.batch, limit)
        return work

    def need(self) -> refusals.Need | None:
        """What the cell takes at the depth that is loaded; None where the configuration does not tell."""
        config = full_config(self.cell.model, self.layers)
        parameters = self.size.whole if self.layers is None else self.size.at(self.layers)
        weights = parameters * self.dtype.itemsize
        return refusals.need(self.cell, model_class(self.cell.model), config, weights)

    @property
    def model(self) -> Any:
        """The model that is timed: filled where nothing has loaded it, and as the cell's variants have it."""
        return self.loaded.varied()

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
        return sum(stored_bytes(parameter) for parameter in self.model.parameters())

    def facts(self) -> dict[str, Any]:
        """What was loaded, for the result."""
        return {
            "parameters": self.size.whole,
            "weights_bytes": self.weights_bytes,
            "layers": self.size.layers,
            "layers_loaded": self.layers or self.size.layers,
            "weights": "random",
            "memory": {
                "limit": self.limit,
                "baseline": self.baseline,
                "group_baseline": self.group_baseline,
                "group_unread": self.group_unread,
                "cache_counted": self.cache_bytes(),
            },
        }

    def cache_bytes(self) -> int:
        """Bytes that the batch's cache is counted to take at the last token; 0 where none is known."""
        config = full_config(self.cell.model, self.layers)
        elements = refusals.cache_elements(self.cell, model_class(self.cell.model), config)
        return elements * self.cell.parameters.batch * self.dtype.itemsize

    def remembered(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` gives at the present depth, made once."""
        key = (name, depth(self.model.config))
        if key not in self._remembered:
            self._remembered[key] = make()
        return self._remembered[key]

    def forget(self) -> None:
        """Let go of what was remembered."""
        self._remembered.clear()
        self._optimiser = None

    @property
    def spare_bytes(self) -> int:
        """Of the remembered states: rounds begin with a copy of one, and nobody else would keep them."""
        states = [part for step in self._remembered.values() for part in step.state.values()]
        return sum(tensor.nbytes for state in states for _, tensor in tensors(state))

    @property
    def optimiser(self) -> torch.optim.Optimizer:
        """AdamW over all that is trained, made once; its states are allocated by its first step."""
        if self._optimiser is None:
            self._optimiser = torch.optim.AdamW(self.model.parameters(), lr=LEARNING_RATE)
        return self._optimiser

    def inputs(self) -> dict[str, Any]:
        """Arguments of `forward`, on the device, floating-point ones in the cell's dtype; made once.

        Their length is the one asked for, counted in tokens; an image's placeholders are on top. A
        caption's is not asked for: it is always the model's own.
        """
        if not self._inputs:
            asked = self.cell.parameters
            tokens = caption_tokens(self.model) or asked.input_tokens
            # The layout is the class's: it is found on a tiny model, where trying costs nothing.
            recipe = find_recipe(tiny_model(self.cell.model, asked.seed))
            shape = Shape(
                batch=asked.batch, tokens=tokens, seed=asked.seed, image=IMAGE, audio=AUDIO, full=True
            )
            made = make_inputs(self.model, shape, recipe)
            longest = made["input_ids"].shape[1] if "input_ids" in made else tokens
            refusals.require_positions(
                type(self.model), self.model.config, longest, self.cell.parameters.output_tokens
            )
            self._inputs = {name: placed(value, self.device, self.dtype) for name, value in made.items()}
        return self._inputs

    def shapes(self) -> dict[str, list[int]]:
        """The inputs' shapes by name, for the result; none before they are made."""
        return {n: list(v.shape) for n, v in self._inputs.items() if isinstance(v, torch.Tensor)}

    def prompt(self) -> dict[str, Any]:
        """Arguments of `generate`."""
        return {name: value for name, value in self.inputs().items() if name != "decoder_input_ids"}

    def prompt_tokens(self) -> int | None:
        """Tokens of the prompt, of all rows; None where it is not of tokens (Whisper).

        Several codes at one position are one token (Kyutai).
        """
        ids = self.prompt().get("input_ids")
        return None if ids is None else ids.shape[0] * ids.shape[1]

    def first_step(self) -> dict[str, Any]:
        """Arguments of the forward that prefills: the prompt, and the start token of a separate decoder.

        A cache that is allocated once is among them, fresh.
        """
        prompt, config, asked = self.prompt(), self.model.config, self.cell.parameters
        if asked.cache == "static":
            prompt = prompt | {
                variants.CACHED: variants.static_cache(self.model, prompt, asked.output_tokens)
            }
        if not config.is_encoder_decoder:
            return prompt
        start = decoder_start(self.model).get("decoder_start_token_id")
        start = self.model.generation_config.decoder_start_token_id if start is None else start
        return prompt | {"decoder_input_ids": torch.full((asked.batch, 1), start, device=self.device)}

    def at_depth(self, layers: int) -> AbstractContextManager[None]:
        """The same weights with only the first `layers`, 0 to all that are loaded, until the block ends."""
        return shortened(self.model, layers)


def caption_tokens(model: Any) -> int | None:
    """Length of a caption where text is read beside an image (CLIP); None for any other model."""
    return refusals.caption_tokens(type(model), model.config)
