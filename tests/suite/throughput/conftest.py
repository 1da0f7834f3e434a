"""Workloads of models that are whole in structure and small in width."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.matrix.cells import Cell, Parameters
from harness.matrix.records import Model, Suite
from harness.suite.latest import release
from harness.suite.models.build import tiny_config_of
from harness.suite.models.depths import depth
from harness.suite.throughput import memory
from harness.suite.throughput.depth import measure_size
from harness.suite.throughput.workload import Workload

MakeWorkload = Callable[..., Workload]
WHOLE = 4
"""Layers of the small models that have a stack."""
PARAMETERS = Parameters(batch=2, input_tokens=10, output_tokens=4, rounds=3)


@pytest.fixture(scope="session")
def make_workload(make_cell: Callable[..., Cell], rows: dict[str, Model]) -> MakeWorkload:
    """A function from a model's id, a depth and parameters to a workload of it in small."""

    def make(
        name: str, layers: int | None = None, parameters: Parameters = PARAMETERS, **changed: Any
    ) -> Workload:
        cell = make_cell(name, small(rows[name]), Suite.THROUGHPUT, parameters, **changed)
        release()  # what earlier tests left would be given back in the middle of a measurement
        return Workload(cell, measure_size(cell.model), layers, baseline=memory.used("cpu"))

    return make


def small(model: Model) -> dict[str, Any]:
    """The fields of a configuration of tiny width with a stack deep enough to be cut."""
    config = tiny_config_of(model)
    text = config.get_text_config()
    if depth(config) is not None:
        text.num_hidden_layers = WHOLE
        for name in ("layer_types", "layers_block_type"):
            if vars(text).get(name):
                setattr(text, name, getattr(text, name)[:1] * WHOLE)
    fields: dict[str, Any] = config.to_dict()
    for name in ("model_type", "transformers_version", "architectures", "dtype"):
        fields.pop(name, None)
    return fields
