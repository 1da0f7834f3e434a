"""Cells and batches."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import SelectionError
from harness.matrix.cells import Parameters, asked
from harness.matrix.parameters import checks_of, sweep
from harness.matrix.plan import ASKED_FOR, batches, ledger, plan, shared, tolerance
from harness.matrix.records import Checkpoint, KnownFailure, Matrix, Model, Suite, Tolerance
from harness.matrix.schema import validate
from harness.matrix.select import Selection, select

TODAY = date(2026, 11, 21)
PLANNED = [suite for suite in Suite if suite is not Suite.EVALUATION]
"""Suites whose cells are of models alone."""


def _models(matrix: Matrix, *names: str) -> tuple[Model, ...]:
    """The models of these names, each with its principal class."""
    return tuple(replace(row, classes=row.classes[:1]) for row in select(matrix, Selection(models=names)))


@pytest.mark.parametrize(
    ("model", "suite", "parameters", "expected"),
    [
        ("bert", Suite.FUNCTIONAL, Parameters(), "bert-BertForMaskedLM-cpu-functional-float32"),
        (
            "bert",
            Suite.FUNCTIONAL,
            Parameters(batch=8, rounds=9),
            "bert-BertForMaskedLM-cpu-functional-float32",
        ),
        ("bert", Suite.FUNCTIONAL, Parameters(threads=4), "bert-BertForMaskedLM-cpu-functional-float32-t4"),
        (
            "starcoder2_15b",
            Suite.THROUGHPUT,
            Parameters(dtype="bfloat16"),
            "starcoder2_15b-cpu-throughput-bfloat16-b1-i128-o16",
        ),
        ("vit", Suite.THROUGHPUT, Parameters(batch=8, input_tokens=7), "vit-cpu-throughput-float32-b8"),
        ("bert", Suite.FUNCTIONAL, Parameters(seed=3), "bert-BertForMaskedLM-cpu-functional-float32-s3"),
        ("whisper", Suite.THROUGHPUT, Parameters(threads=2), "whisper-cpu-throughput-float32-b1-o16-t2"),
        (
            "bert",
            Suite.FUNCTIONAL,
            Parameters(tensor_parallel=2),
            "bert-BertForMaskedLM-cpu-functional-float32-tp2",
        ),
        (
            "bert",
            Suite.FUNCTIONAL,
            Parameters(transformers="4.57.6"),
            "bert-BertForMaskedLM-cpu-functional-float32-v4.57.6",
        ),
    ],
)
def test_ids_hold_what_changes_the_measurement(
    matrix: Matrix, model: str, suite: Suite, parameters: Parameters, expected: str
) -> None:
    (cell,) = plan(matrix, _models(matrix, model), matrix.device("cpu"), suite, [parameters])
    assert cell.id == expected


parameters = st.builds(
    Parameters,
    dtype=st.sampled_from(["float32", "bfloat16"]),
    batch=st.integers(1, 4),
    input_tokens=st.integers(1, 4),
    output_tokens=st.integers(2, 4),
    threads=st.none() | st.integers(1, 2),
    seed=st.integers(0, 2),
    mode=st.sampled_from(["eager", "compile"]),
    cache=st.sampled_from(["dynamic", "static"]),
    attention=st.sampled_from([None, "sdpa"]),
    layers=st.sampled_from([None, 1, 2]),
)
"""Of one process: what reads how many says so where it is more."""


@given(parameters, parameters, st.sampled_from(PLANNED))
def test_equal_ids_mean_equal_cells(matrix: Matrix, one: Parameters, other: Parameters, suite: Suite) -> None:
    device = matrix.device("cpu")
    if suite is Suite.FUNCTIONAL:  # which has one dtype
        one, other = replace(one, dtype="float32"), replace(other, dtype="float32")
    models = select(matrix, Selection())
    for left, right in zip(
        plan(matrix, models, device, suite, [one]),
        plan(matrix, models, device, suite, [other]),
        strict=True,
    ):
        assert (left.id == right.id) == (left == right)


def test_functional_checks_have_one_dtype(matrix: Matrix) -> None:
    with pytest.raises(SelectionError, match="--dtype bfloat16 is for the throughput suite"):
        plan(matrix, matrix.models, matrix.device("cpu"), Suite.FUNCTIONAL, [Parameters(dtype="bfloat16")])


@pytest.mark.parametrize("suite", PLANNED)
def test_every_cell_of_the_matrix_passes_its_schema(matrix: Matrix, suite: Suite) -> None:
    for device in matrix.devices:
        # All of them are many: a device's own part in a cell is the same for each.
        models = matrix.models if device.id == "cpu" else matrix.models[::50]
        cells = plan(matrix, models, device, suite, [Parameters()])
        pairs = sum(len(model.classes) for model in models)
        wanted = {Suite.FUNCTIONAL: pairs, Suite.ROOFLINE: 1}.get(suite, len(models))
        assert len({cell.id for cell in cells}) == len(cells) == wanted
        assert (
            validate("cells", {"version": 1, "run": "r", "cells": [cell.to_json() for cell in cells]}) == []
        )


def test_a_cell_has_the_checks_of_its_architecture_and_only_throughput_has_phases(matrix: Matrix) -> None:
    device = matrix.device("cpu")
    (bert,) = plan(matrix, _models(matrix, "bert"), device, Suite.FUNCTIONAL, [Parameters()])
    (gpt2,) = plan(matrix, _models(matrix, "gpt2"), device, Suite.THROUGHPUT, [Parameters()])
    usual = checks_of(matrix.architecture("encoder-only").checks, Parameters())
    assert bert.checks == (*usual, "parity_float32")
    assert bert.phases == ()
    assert "generate" in gpt2.checks
    assert gpt2.phases == ("fill", "first_call", "prefill", "decode", "generate")
    assert gpt2.tolerances.keys() == set(gpt2.checks)


@pytest.mark.parametrize("dtype", ["float32", "tf32", "bfloat16", "float16"])
def test_a_device_is_held_against_the_reference_in_each_dtype_and_a_timed_cell_in_its_own(
    dtype: str, matrix: Matrix
) -> None:
    device, models = matrix.device("cuda"), _models(matrix, "gpt2")
    (right,) = plan(matrix, models, device, Suite.FUNCTIONAL, [Parameters()])
    (fast,) = plan(matrix, models, device, Suite.THROUGHPUT, [Parameters(dtype=dtype)])
    assert [check for check in right.checks if check.startswith("parity")] == [
        f"parity_{each}" for each in device.parity
    ]
    assert [check for check in fast.checks if check.startswith("parity")] == [f"parity_{dtype}"]


def test_checks_named_are_the_checks_run_and_models_without_them_are_left_out(matrix: Matrix) -> None:
    cells = plan(
        _without(matrix, "encoder-only", "generate", "kv_cache_equivalence"),
        _models(matrix, "bert", "gpt2"),
        matrix.device("cpu"),
        Suite.FUNCTIONAL,
        [Parameters()],
        checks=["Generate", "kv-cache-equivalence"],
    )
    assert [(cell.model.id, cell.checks) for cell in cells] == [
        ("gpt2", ("kv_cache_equivalence", "generate"))
    ]


def _without(matrix: Matrix, architecture: str, *checks: str) -> Matrix:
    """The matrix with an architecture that lacks these checks."""
    row = matrix.architecture(architecture)
    fewer = replace(row, checks=tuple(check for check in row.checks if check not in checks))
    rows = tuple(fewer if other is row else other for other in matrix.architectures)
    return replace(matrix, architectures=rows)


def test_a_functional_cell_is_a_class_and_a_throughput_cell_the_principal_one(matrix: Matrix) -> None:
    device, rows = matrix.device("cpu"), select(matrix, Selection(models=("bert",)))
    functional = plan(matrix, rows, device, Suite.FUNCTIONAL, [Parameters()])
    assert [cell.model.classes for cell in functional] == [(name,) for name in rows[0].classes]
    assert functional[1].id == f"bert-{rows[0].classes[1]}-cpu-functional-float32"
    (timed,) = plan(matrix, rows, device, Suite.THROUGHPUT, [Parameters()])
    assert timed.model.classes == ("BertForMaskedLM",)


def test_a_row_for_a_class_is_narrower_than_one_for_a_device(matrix: Matrix) -> None:
    row = KnownFailure(
        model="bert", check="forward", reason="on this device", expires="2026-11-21", device="cpu"
    )
    narrow = replace(row, reason="of this class", device=None, model_class="BertForMaskedLM")
    wide = replace(row, reason="everywhere it is", device=None)
    matrix = replace(matrix, known_failures=(narrow, row, wide))
    cells = plan(
        matrix,
        select(matrix, Selection(models=("bert",))),
        matrix.device("cpu"),
        Suite.FUNCTIONAL,
        [Parameters()],
        today=TODAY,
    )
    assert {cell.known_failures["forward"]["reason"] for cell in cells[1:]} == {"on this device"}
    assert cells[0].known_failures["forward"]["reason"] == "of this class"
    assert cells[0].known_failures["forward"]["model_class"] == "BertForMaskedLM"


def test_a_timeout_given_holds_for_every_cell(matrix: Matrix) -> None:
    device = matrix.device("cpu")
    cells = plan(matrix, matrix.models[:5], device, Suite.FUNCTIONAL, [Parameters()], timeout_s=7)
    assert {cell.timeout_s for cell in cells} == {7}


@pytest.mark.parametrize(
    ("model", "device", "limit"),
    [
        ("gpt2", "cuda", 5.0),
        ("gpt2", "cpu", 4.0),
        ("llama", "cuda", 3.0),
        ("llama", "cpu", 2.0),
        ("bert", "cpu", 0.0),
        ("gptj", "cuda", 6.0),
    ],
)
def test_the_narrowest_tolerance_wins(matrix: Matrix, model: str, device: str, limit: float) -> None:
    row = Tolerance(check="forward", limit=0, reason="for everything")
    rows = [
        replace(row, limit=6, model_class="GPTJForCausalLM"),
        replace(row, limit=5, model="gpt2", device="cuda"),
        row,
        replace(row, limit=4, model="gpt2"),
        replace(row, limit=9, check="generate", model="gpt2", device="cuda"),
        replace(row, limit=3, architecture="decoder-only", device="cuda"),
        replace(row, limit=2, architecture="decoder-only"),
        replace(row, limit=1, device="cuda"),
    ]
    assert tolerance(rows, "forward", _models(matrix, model)[0], matrix.device(device)) == limit


def test_what_is_said_of_a_type_is_said_of_its_checkpoints_that_have_nothing_of_their_own(
    matrix: Matrix,
) -> None:
    (model,) = _models(matrix, "donut_base")
    assert model.model_type == "vision-encoder-decoder"
    row = Tolerance(check="forward", limit=0, reason="for everything")
    rows = [row, replace(row, limit=1, model="vision_encoder_decoder"), replace(row, limit=2, model="bert")]
    cpu = matrix.device("cpu")
    assert tolerance(rows, "forward", model, cpu) == 1
    assert tolerance([*rows, replace(row, limit=3, model="donut_base")], "forward", model, cpu) == 3
    known = KnownFailure(
        model="vision_encoder_decoder", check="forward", reason="of the type", expires="2026-11-21"
    )
    own = replace(known, model="donut_base", reason="of its own")
    for listed, reason in (((known,), "of the type"), ((own, known), "of its own")):
        assert ledger(listed, ["forward"], model, cpu, TODAY)["forward"]["reason"] == reason
    brought = replace(model, checkpoint=Checkpoint(config={}, remote_code=True))
    assert ledger((known,), ["forward"], brought, cpu, TODAY) == {}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, {"forward": "it is known to fail"}),
        ({"expires": "2026-11-20"}, {}),
        ({"device": "cuda"}, {}),
        ({"device": "cpu"}, {"forward": "it is known to fail"}),
        ({"model": "gpt2"}, {}),
        ({"model_class": "BertForMaskedLM"}, {"forward": "it is known to fail"}),
        ({"model_class": "BertModel"}, {}),
    ],
)
def test_known_failures_hold_until_they_expire(
    matrix: Matrix, changed: dict[str, str], expected: dict[str, str]
) -> None:
    row = KnownFailure(model="bert", check="forward", reason="it is known to fail", expires="2026-11-21")
    matrix = replace(matrix, known_failures=(replace(row, **changed),))
    (cell,) = plan(
        matrix, _models(matrix, "bert"), matrix.device("cpu"), Suite.FUNCTIONAL, [Parameters()], today=TODAY
    )
    assert {check: found["reason"] for check, found in cell.known_failures.items()} == expected


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        (Parameters(batch=0), "--batch 0 is too small: give 1 or more"),
        (Parameters(rounds=0), "--rounds 0"),
        (Parameters(input_tokens=-1), "--input-tokens -1"),
        (Parameters(output_tokens=1), "--output-tokens 1 is too small: give 2 or more"),
        (Parameters(threads=0), "--threads 0"),
        (Parameters(budget_s=0), "--budget 0 is too small: give 1 or more"),
        (Parameters(dtype="float16"), "cpu has no dtype 'float16'; it has float32, bfloat16"),
    ],
)
def test_parameters_out_of_range_are_one_sentence(
    matrix: Matrix, parameters: Parameters, sentence: str
) -> None:
    with pytest.raises(SelectionError, match=sentence):
        plan(matrix, matrix.models, matrix.device("cpu"), Suite.THROUGHPUT, [parameters])


@pytest.mark.parametrize(
    ("parameters", "suite", "sentence"),
    [
        (Parameters(tensor_parallel=0), Suite.FUNCTIONAL, "--tensor-parallel 0 is too small: give 1 or more"),
        (
            Parameters(tensor_parallel=2),
            Suite.THROUGHPUT,
            "--tensor-parallel 2 is not for the throughput suite",
        ),
        (
            Parameters(tensor_parallel=4, threads=3),
            Suite.FUNCTIONAL,
            "--threads 3 is too few for --tensor-parallel 4: give 4 or more",
        ),
    ],
)
def test_processes_that_cannot_be_are_one_sentence(
    matrix: Matrix, parameters: Parameters, suite: Suite, sentence: str
) -> None:
    with pytest.raises(SelectionError, match=sentence):
        plan(matrix, matrix.models, matrix.device("cpu"), suite, [parameters])


def test_a_cell_has_the_checks_of_one_process_or_of_several(matrix: Matrix) -> None:
    llama, device = _models(matrix, "llama"), matrix.device("cpu")
    both = sweep(Parameters(), {"tensor_parallel": [1, 2]})
    one, two = plan(matrix, llama, device, Suite.FUNCTIONAL, both)
    assert two.checks == ("tensor_parallel_equivalence",)
    assert set(one.checks) | set(two.checks) >= set(matrix.architecture("decoder-only").checks)
    (timed,) = plan(matrix, llama, device, Suite.THROUGHPUT, [Parameters()])
    for alone in (one, timed):
        assert alone.checks
        assert not set(alone.checks) & set(two.checks)
    (named,) = plan(matrix, llama, device, Suite.FUNCTIONAL, both, checks=["forward"])
    assert named.parameters.tensor_parallel == 1
    with pytest.raises(SelectionError, match="--tensor-parallel leaves out forward, which is of one process"):
        plan(matrix, llama, device, Suite.FUNCTIONAL, both[1:], checks=["forward"])
    with pytest.raises(SelectionError, match="several processes share: add --tensor-parallel 2"):
        plan(matrix, llama, device, Suite.FUNCTIONAL, [Parameters()], checks=["tensor_parallel_equivalence"])


@pytest.mark.parametrize(
    ("checks", "suite", "sentence"),
    [
        (["generat"], Suite.FUNCTIONAL, "there is no check 'generat'; the nearest is generate"),
        (["generate"], Suite.FUNCTIONAL, "none of the models has the check generate"),
        (["forward"], Suite.THROUGHPUT, "--check is for the functional suite"),
    ],
)
def test_checks_that_fit_nothing_are_one_sentence(
    matrix: Matrix, checks: list[str], suite: Suite, sentence: str
) -> None:
    with pytest.raises(SelectionError, match=sentence):
        plan(
            _without(matrix, "encoder-only", "generate"),
            _models(matrix, "bert"),
            matrix.device("cpu"),
            suite,
            [Parameters()],
            checks=checks,
        )


def test_a_timeout_that_is_no_time_is_one_sentence(matrix: Matrix) -> None:
    with pytest.raises(SelectionError, match="--timeout 0 is too small"):
        plan(matrix, matrix.models, matrix.device("cpu"), Suite.FUNCTIONAL, [Parameters()], timeout_s=0)


def test_a_batch_is_of_one_release(matrix: Matrix) -> None:
    device = matrix.device("cpu")
    varied = sweep(Parameters(), {"transformers": ["5.9.0", None, "4.57.6"]})
    cells = plan(matrix, _models(matrix, "bert", "vit"), device, Suite.FUNCTIONAL, varied)
    assert asked(cells) == ("5.9.0", "4.57.6")
    found = batches(cells, device, one_cell_each=False)
    assert [batch.id for batch in found] == [
        "cpu-functional-transformers-5.9.0",
        "cpu-functional",
        "cpu-functional-transformers-4.57.6",
    ]
    assert all([cell.model.id for cell in batch.cells] == ["bert", "vit"] for batch in found)


def test_batches_hold_every_cell_once(matrix: Matrix) -> None:
    device = matrix.device("cpu")
    cells = [
        cell
        for suite in sorted(PLANNED)
        for cell in plan(matrix, matrix.models, device, suite, [Parameters()])
    ]
    together = batches(cells, device, one_cell_each=False)
    alone = batches(cells, device, one_cell_each=True)
    assert [batch.id for batch in together] == ["cpu-fit", "cpu-functional", "cpu-roofline", "cpu-throughput"]
    assert [batch.id for batch in alone] == [cell.id for cell in cells]
    for made in (together, alone):
        assert [cell for batch in made for cell in batch.cells] == cells


def test_every_combination_of_a_sweep_is_a_cell_and_what_is_not_read_makes_none(matrix: Matrix) -> None:
    varied = sweep(Parameters(), {"batch": (1, 8), "input_tokens": (16, 32)})
    gpt2, resnet = _models(matrix, "gpt2", "resnet")
    cells = plan(matrix, [gpt2, resnet], matrix.device("cpu"), Suite.THROUGHPUT, varied)
    assert [(c.model.id, c.parameters.batch, c.parameters.input_tokens) for c in cells] == [
        *(("gpt2", batch, tokens) for batch in (1, 8) for tokens in (16, 32)),
        *(("resnet", batch, Parameters().input_tokens) for batch in (1, 8)),
    ]


def test_phases_are_those_named_and_training_only_where_it_is(matrix: Matrix) -> None:
    device, gpt2 = matrix.device("cpu"), _models(matrix, "gpt2")
    (named,) = plan(matrix, gpt2, device, Suite.THROUGHPUT, [Parameters()], phases=["decode", "fill"])
    assert named.phases == ("fill", "decode")
    (usual,) = plan(matrix, gpt2, device, Suite.THROUGHPUT, [Parameters()])
    assert not ASKED_FOR & set(usual.phases)
    with pytest.raises(SelectionError, match="there is no phase 'decoed'; the nearest is decode"):
        plan(matrix, gpt2, device, Suite.THROUGHPUT, [Parameters()], phases=["decoed"])
    with pytest.raises(SelectionError, match="--phase is for the throughput suite"):
        plan(matrix, gpt2, device, Suite.FUNCTIONAL, [Parameters()], phases=["decode"])
    with pytest.raises(SelectionError, match="none of the models has the phase decode"):
        plan(matrix, _models(matrix, "resnet"), device, Suite.THROUGHPUT, [Parameters()], phases=["decode"])


def test_a_budget_for_all_is_shared_out(matrix: Matrix) -> None:
    models = _models(matrix, "gpt2", "bert")
    cells = plan(matrix, models, matrix.device("cpu"), Suite.THROUGHPUT, [Parameters(budget_s=100)])
    assert [cell.parameters.budget_s for cell in shared(cells)] == [50, 50]
    little = [replace(cell, parameters=Parameters(budget_s=1)) for cell in cells]
    with pytest.raises(SelectionError, match="--budget 1s is too small for 2 cells: give 2s or more"):
        shared(little)


def test_a_fit_cell_is_a_model_s_whatever_is_varied(matrix: Matrix) -> None:
    sweep = [Parameters(), Parameters(dtype="bfloat16", batch=8, threads=2)]
    (cell,) = plan(matrix, [matrix.models[0]], matrix.device("cpu"), Suite.FIT, sweep)
    assert cell.id == f"{matrix.models[0].id}-cpu-fit"
    assert (cell.model.classes, cell.checks) == (matrix.models[0].classes[:1], ())


def test_a_roofline_cell_is_the_machine_s_a_dtype_and_number_of_threads(matrix: Matrix) -> None:
    sweep = [
        Parameters(dtype=dtype, threads=threads) for dtype in ("float32", "bfloat16") for threads in (1, 2)
    ]
    cells = plan(matrix, matrix.models, matrix.device("cpu"), Suite.ROOFLINE, sweep)
    assert [cell.id for cell in cells] == [
        f"machine-cpu-roofline-{dtype}-t{threads}" for dtype in ("float32", "bfloat16") for threads in (1, 2)
    ]
    with pytest.raises(SelectionError, match="cpu has no dtype 'float16'"):
        plan(matrix, (), matrix.device("cpu"), Suite.ROOFLINE, [Parameters(dtype="float16")])
