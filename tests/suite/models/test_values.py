"""Random weights that are worth timing: all different, and no deep model explodes, dies or goes flat."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from harness.matrix.records import Checkpoint, Model
from harness.suite.functional.subject import tensors
from harness.suite.models.build import full_config, full_model, tiny_config_of, tiny_model
from harness.suite.models.inputs.context import Shape
from harness.suite.models.inputs.make import find_recipe, make_inputs
from harness.suite.models.values import FILL_BLOCK, fill

DEEP = 24
FAMILIES = ("bert", "falcon", "gpt2", "llama", "mamba", "mixtral", "qwen25_0_5b", "t5", "vit", "whisper")
DTYPES = (torch.float32, torch.bfloat16)


def deep(row: Model) -> Model:
    """The model at tiny width and many layers."""
    config = tiny_config_of(row).to_dict()
    fields = {
        name: value
        for name, value in config.items()
        if name not in ("model_type", "transformers_version", "architectures", "dtype", "layer_types")
    }
    depths = {
        name: DEEP
        for name in ("num_hidden_layers", "n_layer", "num_layers", "encoder_layers")
        if name in config
    }
    return replace(row, checkpoint=Checkpoint(hub_id="x/y", config=fields | depths))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", FAMILIES)
def test_activations_stay_finite_and_differ_over_tokens_and_batch(
    name: str, dtype: torch.dtype, rows: dict[str, Model]
) -> None:
    row = deep(rows[name])
    built = full_model(row, full_config(row), dtype, seed=0)
    assert built.config.get_text_config().num_hidden_layers == DEEP
    made = make_inputs(built, Shape(batch=2, tokens=8, full=True), find_recipe(tiny_model(row, 0)))
    inputs = {n: value.to(dtype) if value.is_floating_point() else value for n, value in made.items()}
    with torch.inference_mode():
        outputs = tensors(built(**inputs))
    for label, output in outputs.items():
        assert output.isfinite().all(), label
        size = output.float().std()
        assert size > 1e-4, label
        assert (output[0] - output[1]).float().abs().max() > 1e-3 * size, f"{label} is the same for each row"
        if output.dim() == 3:
            assert (output[:, 0] - output[:, -1]).float().abs().max() > 1e-3 * size, (
                f"{label}: for each token"
            )


def test_no_two_rows_are_equal_and_no_two_matrices() -> None:
    model = nn.ModuleList([nn.Linear(4096, 2048, bias=False), nn.Linear(4096, 2048, bias=False)])
    fill(model, seed=0)
    one, other = (module.weight for module in model)
    assert one.numel() > FILL_BLOCK
    assert len(one.unique(dim=0)) == len(one)
    assert (one == other).double().mean() < 0.001


@pytest.mark.parametrize("size", [1, 2, FILL_BLOCK - 1, FILL_BLOCK, FILL_BLOCK + 1, 3 * FILL_BLOCK + 7])
def test_every_element_of_a_vector_of_any_size_is_filled(size: int) -> None:
    model = nn.Module()
    model.bias = nn.Parameter(torch.full((size,), torch.nan))
    fill(model, seed=0)
    assert model.bias.isfinite().all()
    assert model.bias.count_nonzero() > 0.999 * size


def test_a_matrix_keeps_the_size_of_what_it_is_applied_to() -> None:
    layer = nn.Linear(512, 4096, bias=False)
    fill(layer, seed=0)
    assert layer(torch.randn(64, 512)).std().item() == pytest.approx(1, abs=0.05)


def test_experts_in_one_tensor_are_each_a_matrix(rows: dict[str, Model]) -> None:
    """Taken for one long row each, their outputs would be nothing beside what they are added to."""
    model = nn.Module()
    model.experts = nn.Parameter(torch.empty(8, 256, 128))
    fill(model, seed=0)
    assert model.experts.std().item() == pytest.approx(256**-0.5, rel=0.05)
