"""Weights that do not fit are refused by name before they are read, and nothing that fits is refused."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.errors import CheckpointError
from harness.matrix.records import Model
from harness.suite.evaluation.tiny import tiny_checkpoint
from harness.suite.evaluation.weights import Whole, require_fitting
from harness.suite.models.build import model_class
from tests.suite.evaluation.asking import asker, likelihoods

KINDS = ["llama", "gpt2", "mixtral", "deepseek_v3", "dbrx", "qwen2_vl", "t5", "mamba", "gemma2"]
"""Plain; tied, and transposed; experts stacked on reading; a bias that is a buffer; experts that are saved
stacked; names changed on reading; tied three times; no attention; tied and scaled."""


@pytest.fixture
def saved(rows: dict[str, Model], tmp_path: Path) -> Callable[[str], tuple[Path, Any]]:
    def save(name: str) -> tuple[Path, Any]:
        return tiny_checkpoint(rows[name], tmp_path / name), model_class(rows[name])

    return save


def change(folder: Path, lost: str = "", **put: torch.Tensor) -> None:
    """Write the weights anew without the tensor `lost` and with others put in."""
    tensors = load_file(folder / "model.safetensors")
    tensors.pop(lost, None)
    tensors |= put
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def set_field(folder: Path, **fields: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.mark.parametrize("name", KINDS)
def test_what_the_library_saved_fits(saved: Callable[[str], tuple[Path, Any]], name: str) -> None:
    assert require_fitting(*saved(name)) is None


@pytest.mark.parametrize("name", KINDS)
def test_each_way_not_to_fit_is_told_by_name(saved: Callable[[str], tuple[Path, Any]], name: str) -> None:
    folder, found = saved(name)
    whole = load_file(folder / "model.safetensors")
    lost = next(key for key in whole if re.search(r"(norm\w*|ln_f|\bln_\d)\.weight$", key))
    change(folder, lost)
    with pytest.raises(CheckpointError, match=rf"lacks 1 of .* {found.__name__} .*{lost.split('.')[-2]}"):
        require_fitting(folder, found)
    change(folder, **{lost: whole[lost][:-1].clone()})
    with pytest.raises(CheckpointError, match=r"1 tensors of another shape .* \[\d+\] and not \[\d+\]"):
        require_fitting(folder, found)
    change(folder, **{lost: whole[lost], "strange.weight": torch.ones(2)})
    with pytest.raises(CheckpointError, match=r"holds 1 tensors .* no place for, strange.weight first"):
        require_fitting(folder, found)


def test_a_config_of_fewer_layers_or_another_width_does_not_fit(
    saved: Callable[[str], tuple[Path, Any]],
) -> None:
    folder, found = saved("llama")
    set_field(folder, num_hidden_layers=1)
    with pytest.raises(CheckpointError, match=r"holds 9 tensors .* no place for, model.layers.1"):
        require_fitting(folder, found)
    set_field(folder, num_hidden_layers=3)
    with pytest.raises(
        CheckpointError, match=r"lacks 9 of the tensors .*, model.layers.2.*download it again"
    ):
        require_fitting(folder, found)
    set_field(folder, num_hidden_layers=2, vocab_size=500)
    with pytest.raises(
        CheckpointError, match=r"2 tensors of another shape .* \[320, 64\] and not \[500, 64\]"
    ):
        require_fitting(folder, found)


def test_an_expert_that_is_missing_or_of_another_shape_is_told(
    saved: Callable[[str], tuple[Path, Any]],
) -> None:
    folder, found = saved("mixtral")
    expert = "model.layers.1.block_sparse_moe.experts.2.w2.weight"
    change(folder, **{expert: torch.ones(3, 5)})
    with pytest.raises(CheckpointError, match=rf"cannot be put together .*{expert} of shape \[3, 5\] first"):
        require_fitting(folder, found)
    change(folder, expert)
    with pytest.raises(
        CheckpointError, match=r"experts.down_proj first, \[3, 64, 64\] and not \[4, 64, 64\]"
    ):
        require_fitting(folder, found)


def test_what_has_no_names_to_compare_is_left_to_loading(saved: Callable[[str], tuple[Path, Any]]) -> None:
    folder, found = saved("llama")
    set_field(folder, quantization_config={"quant_method": "awq", "bits": 4})
    assert "awq" in str(require_fitting(folder, found))
    set_field(folder, quantization_config=None)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert "pickles" in str(require_fitting(folder, found))


def test_a_truncated_file_is_told_as_everywhere(saved: Callable[[str], tuple[Path, Any]]) -> None:
    folder, found = saved("llama")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="download it again"):
        require_fitting(folder, found)


@pytest.mark.filterwarnings("ignore")  # lm_eval's and its needs' own
def test_loading_draws_no_tensor_anew(saved: Callable[[str], tuple[Path, Any]]) -> None:
    folder, found = saved("mixtral")
    lm = asker(folder, Whole(found))
    assert likelihoods(lm, [("The sky is", " blue")])
    change(folder, "model.norm.weight")
    with pytest.raises(CheckpointError, match=r"lacks 1 of .*model.norm.weight first"):
        asker(folder, Whole(found))
