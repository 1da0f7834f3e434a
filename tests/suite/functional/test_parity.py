"""Outputs on a device against a reference in float64: what is near enough, what is not, what is kept."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.matrix.cells import Cell
from harness.matrix.records import Matrix
from harness.suite.functional.doubled import Doubled, doubled
from harness.suite.functional.kept import FOLDER, GIVEN, MOST_BYTES, Kept, fingerprint
from harness.suite.functional.parity import parity
from harness.suite.functional.subject import CheckFailed, Subject, Tensors
from harness.suite.functional.subjects import subject_of
from harness.suite.models.inputs.make import Layouts
from harness.suite.precision import PRECISIONS, arithmetic

MakeCell = Callable[..., Cell]
CASES = [
    *((model, precision) for model in ("llama", "mixtral") for precision in PRECISIONS),
    *((model, "float32") for model in ("t5", "whisper", "llama4", "convnext", "mamba")),
]
"""Norms and a router; two stacks, convolutions of sound, complex rotary factors, images, a scan."""


@pytest.fixture
def subject(make_cell: MakeCell) -> Subject:
    """A llama."""
    return subject_of(make_cell("llama"))


@pytest.mark.parametrize(("model", "precision"), CASES)
def test_what_the_cpu_computes_is_near_enough(
    model: str, precision: str, make_cell: MakeCell, matrix: Matrix
) -> None:
    limits = {row.check: row.limit for row in matrix.tolerances if row.model is None}
    found = parity(subject_of(make_cell(model)), precision)
    assert 0 < found.deviation <= limits[f"parity_{precision}"], found.detail


def on_this_device_alone(subject: Subject, change: Callable[[torch.Tensor], torch.Tensor]) -> Subject:
    """The subject, whose first MLP makes that change unless it computes in float64, as the reference does."""

    def spoil(_: Any, __: Any, out: torch.Tensor) -> torch.Tensor:
        return out if out.dtype is torch.float64 else change(out)

    subject.model.model.layers[0].mlp.register_forward_hook(spoil)
    return subject


def test_a_kernel_of_less_precision_than_its_name_says(subject: Subject) -> None:
    narrow = on_this_device_alone(subject, lambda out: out.bfloat16().to(out.dtype))
    assert parity(narrow, "float32").deviation > 100
    assert parity(narrow, "bfloat16").deviation < 4


def test_a_kernel_that_is_wrong_by_a_little(subject: Subject) -> None:
    wrong = on_this_device_alone(subject, lambda out: out * (1 + 1e-4))
    assert parity(wrong, "float32").deviation > 10


def test_a_kernel_that_is_wrong_in_decoding_alone(subject: Subject) -> None:
    wrong = on_this_device_alone(subject, lambda out: out * 1.01 if out.shape[1] == 1 else out)
    found = parity(wrong, "float32")
    assert found.deviation > 10
    assert "in decode step" in found.detail


def test_outputs_that_are_not_finite_are_a_failure(subject: Subject) -> None:
    broken = on_this_device_alone(subject, lambda out: out / 0)
    with pytest.raises(CheckFailed, match="not finite"):
        parity(broken, "float32")


@pytest.mark.parametrize("power", [-3, 5])
def test_the_ratio_does_not_depend_on_the_scale_of_the_outputs(power: int, make_cell: MakeCell) -> None:
    plain, scaled = (subject_of(make_cell("bert")) for _ in range(2))
    for parameter in scaled.model.cls.predictions.decoder.parameters():
        parameter.data *= 2.0**power  # exact, and the outputs' errors scale with it
    assert parity(scaled, "float32").deviation == pytest.approx(parity(plain, "float32").deviation, rel=0.05)


def test_all_that_the_library_casts_to_float32_stays_in_float64() -> None:
    scores = torch.linspace(-3, 3, 7, dtype=torch.float64)
    with Doubled():
        seen = torch.softmax(scores.float() * 1.1, dim=0, dtype=torch.float32).to(torch.bfloat16)
    exact = np.exp(np.linspace(-3, 3, 7) * 1.1)
    assert seen.dtype is torch.float64
    np.testing.assert_allclose(seen.numpy(), exact / exact.sum(), rtol=1e-14)


@pytest.mark.parametrize("draw", [torch.rand, torch.randn])
def test_random_numbers_are_those_that_would_be_drawn(draw: Callable[..., torch.Tensor]) -> None:
    torch.manual_seed(0)
    usual = draw(4)
    torch.manual_seed(0)
    with Doubled():
        wide = draw(4, dtype=torch.float64)
    assert wide.dtype is torch.float64
    assert torch.equal(wide, usual.double())


def test_bits_that_are_read_as_another_type_are_left_alone() -> None:
    with Doubled():
        bits = torch.ones(2, dtype=torch.float64).view(torch.int64)
    assert bits.tolist() == [0x3FF0000000000000] * 2


def test_a_doubled_copy_keeps_every_value(subject: Subject) -> None:
    model = subject.model
    model.register_buffer("turns", torch.polar(torch.ones(3), torch.arange(3.0)), persistent=False)
    wide = doubled(model)
    assert {tensor.dtype for tensor in wide.parameters()} == {torch.float64}
    assert wide.turns.dtype is torch.complex128
    assert torch.equal(wide.turns.to(torch.complex64), model.turns)
    assert model.turns.dtype is torch.complex64
    assert "turns" not in wide.state_dict()


def test_arithmetic_is_set_back() -> None:
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    with arithmetic(PRECISIONS["tf32"]):
        assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32) == ("high", True)
        with arithmetic(PRECISIONS["float32"]):
            assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32) == (
                "highest",
                False,
            )
    assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32) == before


def nothing() -> Tensors:
    raise AssertionError("it was kept, and is made again")


@pytest.fixture
def kept(subject: Subject, make_cell: MakeCell, tmp_path: Path) -> Kept:
    """What is kept of the llama."""
    return Kept(make_cell("llama"), subject, tmp_path)


def test_a_reference_is_computed_once(make_cell: MakeCell, tmp_path: Path) -> None:
    first = parity(subject_of(make_cell("llama"), tmp_path), "float32")
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / FOLDER).iterdir()}
    assert {path.name for path in files} == {
        f"llama-LlamaForCausalLM-s0-{name}-0.safetensors" for name in ("outputs", "spread-float32")
    }
    assert parity(subject_of(make_cell("llama"), tmp_path), "float32") == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / FOLDER).iterdir()} == files


def test_an_earlier_run_s_are_taken(
    kept: Kept, make_cell: MakeCell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = kept.remember("outputs-0", lambda: {"x": torch.ones(2)})
    monkeypatch.setenv(GIVEN, str(tmp_path / FOLDER))
    later = Kept(make_cell("llama"), subject_of(make_cell("llama")), tmp_path / "later")
    assert torch.equal(later.remember("outputs-0", nothing)["x"], made["x"])
    assert not (tmp_path / "later").exists()


@pytest.mark.parametrize("change", ["weights", "configuration", "seed"])
def test_of_anything_else_it_is_made_anew(
    change: str, kept: Kept, subject: Subject, make_cell: MakeCell, tmp_path: Path
) -> None:
    kept.remember("outputs-0", lambda: {"x": torch.ones(2)})
    other = replace(subject, model=copy.deepcopy(subject.model))
    if change == "weights":
        next(other.model.parameters()).data.view(-1)[0] += 1
    elif change == "configuration":
        other.model.config.rms_norm_eps *= 2
    else:
        other.seed += 1
    fresh = Kept(make_cell("llama"), other, tmp_path).remember("outputs-0", lambda: {"x": torch.zeros(2)})
    assert fresh["x"].tolist() == [0, 0]


def test_a_torn_file_is_made_anew(kept: Kept, tmp_path: Path) -> None:
    kept.remember("outputs-0", lambda: {"x": torch.ones(2)})
    (path,) = (tmp_path / FOLDER).iterdir()
    path.write_bytes(path.read_bytes()[:-3])
    assert kept.remember("outputs-0", lambda: {"x": torch.zeros(2)})["x"].tolist() == [0, 0]


def test_what_is_large_is_not_kept(kept: Kept, tmp_path: Path) -> None:
    kept.remember("outputs-0", lambda: {"x": torch.ones(MOST_BYTES)})
    assert not (tmp_path / FOLDER).exists()


def test_the_same_model_has_the_same_fingerprint(subject: Subject, make_cell: MakeCell) -> None:
    again = subject_of(make_cell("llama"))
    assert fingerprint(again) == fingerprint(subject)
    assert fingerprint(Subject(again.model, "cpu", 0, Layouts(again.model))) == fingerprint(subject)
