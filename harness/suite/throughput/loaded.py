"""The model of a cell in memory: filled or read from files, and then made what the cell asks for."""

from typing import Any

from harness.matrix.cells import Cell
from harness.suite.models.build import full_config, full_model, model_class
from harness.suite.models.classes import in_dtype
from harness.suite.precision import PRECISIONS
from harness.suite.throughput import variants
from harness.suite.throughput.clock import synchronise
from harness.suite.throughput.saved import Saved


class Loaded:
    """A cell's model at a depth (None is the whole); nothing is in memory before it is asked for."""

    def __init__(self, cell: Cell, layers: int | None) -> None:
        self.cell = cell
        self.layers = layers
        self.fills = 0
        """Times that the weights were allocated and filled."""
        self.dtype = PRECISIONS[cell.parameters.dtype].dtype
        self._model: Any = None
        self._varied = False
        self._saved: Saved | None = None

    def varied(self) -> Any:
        """The model as the cell's variants have it; filled first where nothing has loaded it."""
        if self._model is None:
            self.fill()
        if not self._varied:
            variants.apply(self._model, self.cell.parameters, self.cell.torch_device)
            self._varied = True
        return self._model

    def let_go(self) -> None:
        """Leave nothing of it in memory."""
        self._model, self._varied = None, False

    def fill(self) -> None:
        """Allocate the weights on the device and give them random values."""
        self.let_go()
        asked, device = self.cell.parameters, self.cell.torch_device
        self._model = full_model(
            self.cell.model,
            full_config(self.cell.model, self.layers),
            self.dtype,
            asked.seed,
            device=device,
            attention=asked.attention,
        )
        synchronise(device)
        self.fills += 1

    def save(self) -> Saved:
        """The model's files, written once by the library; the weights as no variant has changed them."""
        if self._saved is None:
            if self._model is None or self._varied:
                self.fill()
            size = sum(tensor.nbytes for tensor in self._model.state_dict().values())
            self._saved = Saved(self._model, size)
        return self._saved

    def close(self) -> None:
        """Leave nothing of it in memory, and no files."""
        self.let_go()
        if self._saved is not None:
            self._saved.close()
            self._saved = None

    def load(self) -> None:
        """Read it from its files through the library's `from_pretrained`, onto the device."""
        saved, attention = self.save(), self.cell.parameters.attention
        self.let_go()
        chosen = {} if attention is None else {"attn_implementation": attention}
        found: Any = model_class(self.cell.model)
        loaded = found.from_pretrained(saved.path, **in_dtype(self.dtype), **chosen)
        self._model = loaded.to(self.cell.torch_device)
        synchronise(self.cell.torch_device)
