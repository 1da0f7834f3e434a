"""Right programs pass and wrong ones fail, in the order in which they were handed in."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.suite.evaluation.programs import judge as judging
from harness.suite.evaluation.programs.confine import Unconfined
from harness.suite.evaluation.programs.judge import judge, judge_all
from harness.suite.evaluation.programs.records import Limits, Submission, Verdict
from tests.suite.evaluation.programs.problems import PROBLEMS

ADD = "def add(a, b):\n    return a + b\n"
TESTS = "assert add(2, 3) == 5"
BRIEF = Limits(cpu_s=1, call_s=1, seconds=2)


def ours(parent: int | None = None) -> list[str]:
    """The processes that this one, or another, has started for programs."""
    words, found = f'"parent": {parent or os.getpid()},'.encode(), []
    for path in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # it has ended meanwhile, or is no process
            if words in (path / "cmdline").read_bytes():
                found.append(path.name)
    return found


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    assert not ours()


@pytest.fixture(scope="module")
def verdicts() -> dict[tuple[str, bool], Verdict]:
    """Of every problem, with its right and its wrong program."""
    keys = [(name, right) for name in PROBLEMS for right in (True, False)]
    return dict(zip(keys, judge_all([submission(*key) for key in keys], workers=2), strict=True))


def submission(name: str, right: bool) -> Submission:
    problem = PROBLEMS[name]
    body = problem.right.removeprefix(problem.prompt)
    assert body.count(problem.wrong[0]) >= 1, name
    program = problem.prompt + (body if right else body.replace(*problem.wrong, 1))
    return Submission(program=program, tests=problem.tests, prompt=problem.prompt)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_right_program_passes(name: str, verdicts: dict[tuple[str, bool], Verdict]) -> None:
    assert verdicts[name, True].reason == "passed"
    assert verdicts[name, True].passed


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_wrong_program_fails(name: str, verdicts: dict[tuple[str, bool], Verdict]) -> None:
    assert not verdicts[name, False].passed


@pytest.mark.parametrize(
    ("program", "tests", "reason"),
    [
        (ADD.replace("+", "*"), TESTS, "assert add(2, 3) == 5"),
        (ADD.replace("a + b", "1 / 0"), TESTS, "assert add(2, 3) == 5: ZeroDivisionError: division by zero"),
        ("def add(a, b:\n", TESTS, "the program did not run: SyntaxError: '(' was never closed"),
        ("raise ValueError('no\x1b[31m')", TESTS, "the program did not run: ValueError: no [31m"),
        ("def plus(a, b): pass", TESTS, "the program defines nothing that the tests use"),
        ("", TESTS, "the program defines nothing that the tests use"),
        (ADD, "", "the program defines nothing that the tests use"),
        (ADD, "assert add(2,", "SyntaxError: '(' was never closed"),
        (
            ADD,
            "assert add(print, 1)",
            "assert add(print, 1): NotPlain: a builtin_function_or_method cannot be",
        ),
        (ADD, f"{TESTS}\nassert multiply(2, 3) == 6", "NameError: name 'multiply' is not defined"),
        (ADD, f"{TESTS}\nraise SystemExit(0)", "SystemExit: 0"),
        (ADD, "assert add('', 'x' * 9_000_000)", "the program a message of"),
    ],
)
def test_a_reason_is_given(program: str, tests: str, reason: str) -> None:
    verdict = judge(program, tests, limits=BRIEF)
    assert not verdict.passed
    assert reason in verdict.reason


def test_tests_that_do_not_end_are_ended() -> None:
    verdict = judge(ADD, f"{TESTS}\nwhile True: pass", limits=Limits(seconds=1))
    assert (verdict.passed, verdict.reason) == (False, "the tests did not come to their end")


def test_the_same_program_has_the_same_verdict() -> None:
    """What is drawn at random and how a set is ordered are the same in each run."""
    program = "import random\ndef draw():\n    return random.random(), list({'a', 'b', 'c', 'd', 'e'})\n"
    shown = {judge(program, "raise ValueError(draw())").reason for _ in range(3)}
    assert len(shown) == 1


def test_a_prompt_that_is_known_is_the_tests_own() -> None:
    """A program that defines the prompt's helper anew has it for itself."""
    problem = PROBLEMS["helper_of_the_prompt"]
    cheat = problem.prompt + "    return 0\ndef value_at(coefficients, x):\n    return 0\n"
    assert judge(
        cheat, problem.tests
    ).passed  # the helper is the program's: nobody has said whose prompt it is
    assert not judge(cheat, problem.tests, prompt=problem.prompt).passed


def test_verdicts_come_in_order() -> None:
    programs = [
        f"import time\ntime.sleep({wait})\n" + ADD.replace("+", sign)
        for wait, sign in ((0.5, "+"), (0, "-"), (0.2, "+"), (0, "*"), (0, "+"))
    ]
    rows = [Submission(program=program, tests=TESTS) for program in programs]
    assert [row.passed for row in judge_all(rows, workers=3)] == [True, False, True, False, True]


def test_no_more_at_a_time_than_asked_for() -> None:
    seen = []

    def rows() -> Iterator[Submission]:
        for _ in range(6):
            seen.append(len(ours()))
            yield Submission(program=ADD, tests=TESTS)

    assert all(verdict.passed for verdict in judge_all(rows(), workers=2))
    assert max(seen) == 2  # one program's two processes, when the second is asked for


def test_whoever_stops_waiting_leaves_nothing() -> None:
    endless = Submission(program="while True: pass", tests=TESTS)
    verdicts = judge_all(
        itertools.chain([Submission(program=ADD, tests=TESTS)], itertools.repeat(endless, 9))
    )
    assert next(verdicts).passed
    assert ours()
    verdicts.close()
    assert not ours()


def test_an_interruption_ends_it_at_once() -> None:
    timer = threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        list(judge_all([Submission(program="import time\ntime.sleep(1000)", tests=TESTS)]))
    timer.join()


WAITS = """
from harness.suite.evaluation.programs.judge import judge
judge("import time\\nprint(time.sleep(1000))", "assert add(2, 3) == 5")
"""


def test_who_is_killed_leaves_nothing_either() -> None:
    path = os.pathsep.join(filter(None, sys.path))
    judges = subprocess.Popen([sys.executable, "-c", WAITS], env=os.environ | {"PYTHONPATH": path})
    try:
        wait_for(lambda: len(confined(judges.pid)) == 2)
    finally:
        judges.kill()
        judges.wait()
    wait_for(lambda: not ours(judges.pid))


def confined(parent: int) -> list[str]:
    """Those that have got past looking for their parent: they are the kernel's first choice to end."""
    return [pid for pid in ours(parent) if Path(f"/proc/{pid}/oom_score_adj").read_text() == "1000\n"]


def wait_for(done: Callable[[], bool]) -> None:
    """The kernel's work takes a moment; a minute is not one."""
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


OLD_KERNEL = """
import ctypes
from harness.suite.evaluation.programs import seccomp
rows = ((seccomp.LOAD, 0, 0, seccomp.NUMBER_AT), (seccomp.EQUAL, 0, 1, 444),
        (seccomp.RETURN, 0, 0, 0x00050000 | 38), (seccomp.RETURN, 0, 0, seccomp.ALLOW))
whole = seccomp.instructions
seccomp.instructions = lambda machine: [seccomp.Instruction(*row) for row in rows]
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
seccomp.compute_only()
seccomp.instructions = whole
"""
"""Has the kernel answer that it knows no Landlock: ENOSYS to call 444."""


def test_without_confinement_nothing_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    boot = judging.BOOT.replace("del sys.path[0]", f"exec({OLD_KERNEL!r}); del sys.path[0]")
    monkeypatch.setattr(judging, "BOOT", boot)
    mark = tmp_path / "ran"
    with pytest.raises(Unconfined, match="not run here: Landlock: function not implemented"):
        judge(f"open({str(mark)!r}, 'w')\n{ADD}", TESTS)
    assert not mark.exists()
