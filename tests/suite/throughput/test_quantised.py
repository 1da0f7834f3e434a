"""Quantised weights: as many bytes as they say, answers that stay close, a sentence where they cannot be."""

import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import torch
from torch import nn

from harness.matrix.cells import Parameters
from harness.suite.outcomes import Unsupported
from harness.suite.throughput.phases import PHASES
from harness.suite.throughput.quantised import METHODS, quantise, stored_bytes
from harness.suite.throughput.workload import Workload

MakeWorkload = Callable[..., Workload]
PARAMETERS = Parameters(batch=2, input_tokens=10, output_tokens=4)
LIMIT = 8 << 30
TORCHAO = "torchao==0.18.0"
"""No dependency of the tests: installed, the library would import it in each process, for 0.4 s."""
ON_CPU = [
    ("int8", "float32", 0.05),
    ("int8_weight", "float32", 0.05),
    ("int8_weight", "bfloat16", 0.05),
    ("float8_weight", "bfloat16", 0.15),
]
"""Quantisation, dtype, and the relative error that 8 bits may leave: 7 of significand, or 3 in float8."""


@pytest.fixture(scope="module", autouse=True)
def torchao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """It can be imported, here and until the last of these tests."""
    folder = tmp_path_factory.mktemp("torchao")
    options = ("--quiet", "--no-deps", "--only-binary=:all:", "--target", str(folder))
    subprocess.run([sys.executable, "-m", "pip", "install", *options, TORCHAO], check=True)
    sys.path.append(str(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that its compiled parts want CUDA
        import torchao.quantization  # noqa: F401
    yield
    sys.path.remove(str(folder))


@pytest.mark.parametrize(("quantisation", "dtype", "error"), ON_CPU)
def test_answers_stay_close(quantisation: str, dtype: str, error: float, make_workload: MakeWorkload) -> None:
    plain, work = (
        make_workload("bert", parameters=replace(PARAMETERS, dtype=dtype, quantisation=kind))
        for kind in (None, quantisation)
    )
    with torch.inference_mode():
        one, other = (w.model(**plain.inputs())[0].double() for w in (plain, work))
    assert 0 < (one - other).norm() < error * one.norm()


@pytest.mark.parametrize("quantisation", ["int8_weight", "float8_weight"])
def test_a_model_decodes_and_its_matrices_take_half_of_16_bits(
    quantisation: str, make_workload: MakeWorkload
) -> None:
    asked = replace(PARAMETERS, dtype="bfloat16", quantisation=quantisation)
    work = make_workload("llama", parameters=asked)
    matrices = sum(m.weight.numel() for m in work.model.modules() if isinstance(m, nn.Linear))
    others = sum(p.numel() for p in work.model.parameters()) - matrices
    scales = work.loaded_bytes - matrices - 2 * others
    assert 0 < scales < 0.1 * matrices
    phase = PHASES["generate"]
    phase.run(work, phase.prepare(work))


def test_a_plain_parameter_takes_what_it_says() -> None:
    assert stored_bytes(nn.Parameter(torch.zeros(3, 5))) == 60


@pytest.mark.parametrize(
    ("name", "quantisation", "dtype", "said"),
    [
        ("llama", "int8", "bfloat16", "ask for --dtype float32"),
        ("mamba", "int8", "float32", "MambaForCausalLM does not run with int8 layers on cpu: "),
        ("llama", "float8", "bfloat16", "LlamaForCausalLM does not run with float8 layers on cpu: Float8"),
    ],
)
def test_what_cannot_be_had_is_said_in_a_sentence(
    name: str, quantisation: str, dtype: str, said: str, make_workload: MakeWorkload
) -> None:
    asked = replace(PARAMETERS, quantisation=quantisation, dtype=dtype)
    with pytest.raises(Unsupported, match=said):
        Workload.of(make_workload(name, parameters=asked).cell, LIMIT)


@pytest.mark.parametrize("quantisation", sorted({name for name, _ in METHODS}))
def test_a_model_of_other_layers_is_not_called_quantised(quantisation: str) -> None:
    model = nn.Sequential(nn.Conv1d(64, 64, 9), nn.Linear(64, 64))
    with pytest.raises(Unsupported, match="10% of the weights are in linear layers"):
        quantise(model, quantisation, "cpu")
