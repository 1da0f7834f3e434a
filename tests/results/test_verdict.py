"""What is as expected, and what to do about what is not."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace

import pytest

from harness.matrix.records import KnownFailure
from harness.results.record import Check, Outcome, Result
from harness.results.verdict import EXPECTED, advice, exit_code, judge, missing
from tests.results.evaluated import cell, result

MakeResult = Callable[..., Result]


KNOWN = asdict(
    KnownFailure(model="bert", check="forward", reason="a reason of some length", expires="2999-12-31")
)


def _check(outcome: Outcome, **fields: float) -> Check:
    return Check(name="forward", outcome=outcome, seconds=0.1, message="it says why\nand more", **fields)


@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome_of_a_cell_is_expected_or_has_advice(make_result: MakeResult, outcome: Outcome) -> None:
    verdict = judge(make_result(outcome=outcome, message="it says why"))
    assert verdict.expected == (outcome in EXPECTED)
    assert len(verdict.advice) == (0 if verdict.expected else 1)


@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome_of_a_check_is_expected_or_has_advice(make_result: MakeResult, outcome: Outcome) -> None:
    verdict = judge(make_result(outcome=outcome, message="it says why", checks=(_check(outcome),)))
    assert verdict.expected == (outcome in EXPECTED)
    assert len(verdict.advice) == (0 if verdict.expected else 1)


def test_it_is_rerun_in_the_same_variant(make_result: MakeResult) -> None:
    result = make_result(outcome=Outcome.CRASHED, checks=(_check(Outcome.CRASHED),))
    varied = replace(result, provenance=replace(result.provenance, variant="py313"))
    (sentence,) = advice(varied)
    assert "--check forward --variant py313`" in sentence
    assert sentence.replace(" --variant py313", "") == advice(result)[0]


def test_a_failed_check_is_rerun_alone(make_result: MakeResult) -> None:
    check = _check(Outcome.FAILED, measured=0.5, limit=1e-4)
    (sentence,) = advice(make_result(outcome=Outcome.FAILED, checks=(check,)))
    assert sentence == (
        "bert-BertForMaskedLM-cpu-functional-float32: forward failed (it deviates by 0.5 where 0.0001 is "
        "allowed): see it alone with "
        "`nox -s test-cpu -- --model bert --class BertForMaskedLM --check forward`"
    )


def test_a_failed_gate_is_not_as_expected_though_the_cell_says_passed(make_result: MakeResult) -> None:
    result = make_result("bert throughput", checks=(_check(Outcome.FAILED),))
    assert not judge(result).expected
    assert "nox -s test-cpu -- --model bert" in advice(result)[0]


def test_a_phase_that_failed_is_rerun_by_the_cell_s_own_session(make_result: MakeResult) -> None:
    phase = Check(name="forward_pass", outcome=Outcome.ERROR, seconds=0.1, message="why")
    (sentence,) = advice(make_result("bert throughput", outcome=Outcome.ERROR, checks=(phase,)))
    assert sentence.endswith("`nox -s bench -- --device cpu --model bert --dtype float32`")


def test_a_failed_throughput_cell_is_rerun_by_its_own_session(make_result: MakeResult) -> None:
    (sentence,) = advice(make_result("bert throughput", outcome=Outcome.FAILED, message="why"))
    assert "`nox -s bench -- --device cpu --model bert --dtype float32`" in sentence


def test_a_known_failure_that_passes_prints_the_row_to_remove(make_result: MakeResult) -> None:
    result = make_result(
        known_failures={"forward": KNOWN},
        outcome=Outcome.XPASSED,
        checks=(_check(Outcome.XPASSED),),
    )
    (sentence,) = advice(result)
    row = json.dumps({key: value for key, value in KNOWN.items() if value is not None})
    assert f"remove {row} from known_failures in matrix.json" in sentence


def test_under_another_release_the_row_is_narrowed_and_the_command_names_it(make_result: MakeResult) -> None:
    result = make_result(
        known_failures={"forward": KNOWN},
        outcome=Outcome.FAILED,
        checks=(_check(Outcome.XPASSED), replace(_check(Outcome.FAILED), name="construct")),
    )
    parameters = result.cell["parameters"] | {"transformers": "4.57.6"}
    narrow, alone = advice(replace(result, cell=result.cell | {"parameters": parameters}))
    assert "narrow the versions of {" in narrow
    assert alone.endswith("--check construct --transformers 4.57.6`")


def test_a_crash_that_no_check_explains_is_said_beside_a_failed_check(make_result: MakeResult) -> None:
    result = make_result(outcome=Outcome.CRASHED, message="signal 11", checks=(_check(Outcome.FAILED),))
    failed, crashed = advice(result)
    assert ": forward failed (" in failed
    assert ": crashed (signal 11)" in crashed


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.ERROR])
def test_what_an_evaluation_says_is_shown_to_its_end(outcome: Outcome) -> None:
    message = "the server at http://localhost:8000/v1 took more than 60 s for an answer" + ", and so on" * 8
    check = Check(name="gsm8k", outcome=outcome, seconds=60.0, message=message)
    (sentence,) = advice(result(cell("llama31_8b", "gsm8k"), outcome=outcome, checks=(check,)))
    assert message in sentence
    assert "--timeout" not in sentence


def test_the_advice_is_one_printable_line(make_result: MakeResult) -> None:
    (sentence,) = advice(make_result(outcome=Outcome.CRASHED, message="\x1b[2J{evil}\nmore {0}"))
    assert sentence.isprintable()
    assert "{evil}" in sentence
    assert "more" not in sentence


def test_the_exit_code_tells_whether_all_is_as_expected(make_result: MakeResult) -> None:
    good = make_result()
    bad = make_result("vit functional", outcome=Outcome.OOM, message="killed")
    assert exit_code([good]) == 0
    assert exit_code([good, bad]) == 1
    assert exit_code([good], planned=[good.report.cell]) == 0
    assert exit_code([good], planned=[good.report.cell, "vit"]) == 1
    assert missing([good], [good.report.cell, "vit"]) == ("vit",)
