"""What happened in a test, as an outcome."""

from collections.abc import Callable
from random import Random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.results.record import Check, Outcome
from harness.suite.forks import BROKEN, Ended
from harness.suite.functional.subject import CheckFailed, deviation
from harness.suite.outcomes import MESSAGE_LIMIT, Unsupported, message_of, of_cell, of_ending, of_exception

outcomes = st.sampled_from(Outcome)


def checks(*found: Outcome) -> list[Check]:
    return [Check(name="check", outcome=outcome, seconds=0) for outcome in found]


def caught(raising: Callable[[], object]) -> BaseException:
    """What it raises, with its traceback."""
    try:
        raising()
    except BaseException as error:  # noqa: BLE001 — pytest's skip is none of Exception
        return error
    pytest.fail("nothing was raised")


def test_a_check_that_does_not_hold_has_failed() -> None:
    assert of_exception(CheckFailed("deviation 1 over tolerance 0")) is Outcome.FAILED


def test_an_assertion_without_a_word_has_its_name() -> None:
    assert message_of(AssertionError()) == "AssertionError"


def test_what_the_library_raises_is_a_failure_of_the_model() -> None:
    assert of_exception(caught(lambda: torch.nn.Linear(2, 2)(torch.ones(3)))) is Outcome.FAILED


def test_what_the_harness_raises_is_an_error_of_its_own() -> None:
    assert of_exception(caught(lambda: deviation({}, None))) is Outcome.ERROR  # type: ignore[arg-type]


def test_what_cannot_run_here_is_unsupported_and_no_mere_skip() -> None:
    assert of_exception(Unsupported("no such device")) is Outcome.UNSUPPORTED
    assert of_exception(caught(lambda: pytest.skip("gate"))) is Outcome.SKIPPED


def test_a_library_that_the_library_misses_is_no_failure_of_the_model() -> None:
    missing = ImportError("\nA requires the timm library but it was not found. You can install it with pip.")
    assert of_exception(missing) is Outcome.UNSUPPORTED
    assert message_of(missing) == "A requires the timm library but it was not found"
    assert of_exception(ImportError("cannot import name 'a' from 'b'")) is Outcome.FAILED


def test_an_allocation_that_is_refused_is_out_of_memory() -> None:
    """torch raises a plain RuntimeError for it on the CPU: the real one, of an exabyte."""
    assert of_exception(caught(lambda: torch.empty(1 << 60, dtype=torch.uint8))) is Outcome.OOM


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_other_ways_to_run_out_of_memory(error: BaseException) -> None:
    assert of_exception(error) is Outcome.OOM


@given(st.lists(outcomes, min_size=1, max_size=8), st.randoms())
def test_a_cell_s_outcome_is_one_of_its_checks_in_whatever_order(
    found: list[Outcome], chance: Random
) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)
    assert of_cell(checks(*found)) in found
    assert of_cell(checks(*shuffled)) is of_cell(checks(*found))


@given(st.lists(outcomes, max_size=8))
def test_nothing_bad_hides_behind_a_pass(found: list[Outcome]) -> None:
    harmless = {Outcome.PASSED, Outcome.UNSUPPORTED, Outcome.SKIPPED}
    if of_cell(checks(*found)) in harmless:
        assert set(found) <= harmless


@given(st.lists(outcomes, max_size=8), outcomes)
def test_one_more_check_never_makes_a_bad_cell_good(found: list[Outcome], more: Outcome) -> None:
    bad = set(Outcome) - {Outcome.PASSED, Outcome.UNSUPPORTED, Outcome.SKIPPED}
    if of_cell(checks(*found)) in bad:
        assert of_cell(checks(*found, more)) in bad


@pytest.mark.parametrize(
    ("found", "cell"),
    [
        ((), Outcome.SKIPPED),
        ((Outcome.SKIPPED, Outcome.UNSUPPORTED), Outcome.UNSUPPORTED),
        ((Outcome.UNSUPPORTED, Outcome.PASSED), Outcome.PASSED),
        ((Outcome.PASSED, Outcome.XFAILED), Outcome.XFAILED),
        ((Outcome.XFAILED, Outcome.XPASSED), Outcome.XPASSED),
        ((Outcome.XPASSED, Outcome.FAILED), Outcome.FAILED),
        ((Outcome.FAILED, Outcome.ERROR), Outcome.ERROR),
        ((Outcome.ERROR, Outcome.OOM), Outcome.OOM),
    ],
)
def test_the_worst_check_decides(found: tuple[Outcome, ...], cell: Outcome) -> None:
    assert of_cell(checks(*found)) is cell


def test_a_message_is_one_line_and_names_the_kind_where_the_text_would_not_tell() -> None:
    assert message_of(KeyError("nonsense")) == "KeyError: 'nonsense'"
    assert message_of(RuntimeError("one\n  two")) == "RuntimeError: one two"
    assert message_of(CheckFailed("deviation 1")) == "deviation 1"
    assert message_of(Unsupported("no such device")) == "no such device"


@given(st.text(max_size=3 * MESSAGE_LIMIT))
def test_a_message_is_never_empty_nor_long(text: str) -> None:
    said = message_of(RuntimeError(text))
    assert 0 < len(said) <= MESSAGE_LIMIT
    assert "\n" not in said


def ended(code: int, output: str = "", *, late: bool = False) -> Ended:
    return Ended(name="cell", code=code, late=late, output=output, peak_bytes=0, cpu_s=0.0)


@pytest.mark.parametrize(
    ("end", "starved", "outcome", "words"),
    [
        (ended(-9, late=True), True, Outcome.TIMEOUT, "past its deadline of 7 s"),
        (ended(-9), True, Outcome.OOM, "out of memory"),
        (ended(-9), False, Outcome.CRASHED, "crashed: killed (SIGKILL)"),
        (ended(-11), True, Outcome.CRASHED, "crashed: segmentation fault (SIGSEGV)"),
        (ended(-6, "terminate called after throwing 'std::bad_alloc'"), False, Outcome.OOM, "out of memory"),
        (ended(-6, "free(): invalid pointer"), False, Outcome.CRASHED, "crashed: aborted (SIGABRT)"),
        (ended(BROKEN, "Traceback …\nMemoryError"), False, Outcome.OOM, "out of memory"),
        (ended(BROKEN, "Traceback …\nKeyError: 'x'\n"), False, Outcome.ERROR, "of any check: KeyError: 'x'"),
        (ended(0, "MemoryError"), False, Outcome.ERROR, "left no report"),
        (ended(3), False, Outcome.CRASHED, "crashed: exit code 3"),
        (ended(-200), False, Outcome.CRASHED, "crashed: exit code -200"),
    ],
)
def test_the_end_of_a_child_that_left_no_report(
    end: Ended, starved: bool, outcome: Outcome, words: str
) -> None:
    found, message = of_ending(end, 7.0, starved=starved)
    assert found is outcome
    assert words in message
