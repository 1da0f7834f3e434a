"""The fork server: whatever a child does, the others and the parent go on, and nothing of it is left."""

import ctypes
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harness.suite.forks import BROKEN, LAST_WORDS, Ended, Job, Said, Say, serve

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are forked on Linux alone")
Work = Callable[[Say], None]
PATIENCE_S = 60.0
MIB = 1 << 20


@pytest.fixture(autouse=True)
def thaw() -> Iterator[None]:
    """The server freezes what it finds, and in a session of tests that would stay for good."""
    yield
    gc.unfreeze()


def run(*works: Work, children: int = 2, timeout_s: float = PATIENCE_S, **bounds: Any) -> dict[str, Ended]:
    """How each of the works ended, by its place."""
    jobs = [Job(str(at), timeout_s, work) for at, work in enumerate(works)]
    return {event.name: event for event in serve(jobs, children, **bounds) if isinstance(event, Ended)}


def said(*works: Work, children: int = 2) -> dict[str, list[dict[str, Any]]]:
    """What each of the works said, by its place."""
    found: dict[str, list[dict[str, Any]]] = {}
    for event in serve([Job(str(at), PATIENCE_S, work) for at, work in enumerate(works)], children):
        if isinstance(event, Said):
            found.setdefault(event.name, []).append(event.message)
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int) -> bool:
    """Whether the process ends within a while."""
    until = time.monotonic() + PATIENCE_S
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not alive(pid)


def quiet(say: Say) -> None:
    """Do nothing."""


def hang(say: Say) -> None:
    say({"pid": os.getpid()})
    time.sleep(3600)


def test_what_children_say_arrives_whole_in_order_and_under_their_names() -> None:
    def talk(say: Say) -> None:
        for number in range(300):
            say({"number": number, "ballast": "ü" * 1000})  # more than a pipe holds

    found = said(talk, talk, talk)
    assert found.keys() == {"0", "1", "2"}
    assert all([row["number"] for row in rows] == list(range(300)) for rows in found.values())


def test_no_job_is_no_child() -> None:
    assert run() == {}


def test_as_many_as_asked_for_run_at_once_and_no_more(tmp_path: Path) -> None:
    def meet(say: Say) -> None:
        mine = tmp_path / str(os.getpid())
        mine.touch()
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if (others := len(list(tmp_path.iterdir()))) >= 2:
                say({"others": others})
                return

    assert all(row["others"] == 2 for rows in said(meet, meet).values() for row in rows)

    def count(say: Say) -> None:
        mine = tmp_path / f"one-{os.getpid()}"
        mine.touch()
        say({"others": len(list(tmp_path.glob("one-*")))})
        time.sleep(0.05)
        mine.unlink()

    assert [row["others"] for rows in said(count, count, count, children=1).values() for row in rows] == [
        1
    ] * 3


def test_jobs_are_asked_for_as_children_come_free() -> None:
    asked: list[int] = []

    def jobs() -> Iterator[Job]:
        for number in range(3):
            asked.append(number)
            yield Job(str(number), PATIENCE_S, quiet)

    with closing(serve(jobs(), 1)) as events:
        next(events)  # the first has ended, and the second has not been asked for
        assert asked == [0]
        assert [event.name for event in events] == ["1", "2"]


def segfault(say: Say) -> None:
    ctypes.string_at(0)


def abort(say: Say) -> None:
    os.abort()


def leave(say: Say) -> None:
    os._exit(0)


def give_up(say: Say) -> None:
    sys.exit(3)


def kill_its_group(say: Say) -> None:
    os.killpg(0, signal.SIGKILL)


def ignore_the_polite(say: Say) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("work", "code", "words"),
    [
        (segfault, -signal.SIGSEGV, "Segmentation fault"),
        (abort, -signal.SIGABRT, "Aborted"),
        (leave, 0, ""),
        (give_up, BROKEN, "SystemExit: 3"),
        (kill_its_group, -signal.SIGKILL, ""),
        (ignore_the_polite, -signal.SIGKILL, ""),
    ],
)
def test_a_bad_end_is_one_child_s_alone(work: Work, code: int, words: str) -> None:
    ended = run(quiet, work, quiet)
    assert (ended["1"].code, ended["1"].late) == (code, False)
    assert words in ended["1"].output
    assert [ended[name].code for name in ("0", "2")] == [0, 0]


def test_past_its_deadline_a_child_is_killed_and_what_it_started_with_it() -> None:
    pids: list[int] = []

    def start_and_hang(say: Say) -> None:
        say({"pid": subprocess.Popen(["sleep", "3600"]).pid})
        hang(say)

    for event in serve([Job("late", 1.0, start_and_hang), Job("fine", PATIENCE_S, quiet)], 2):
        if isinstance(event, Said):
            pids.append(event.message["pid"])
        else:
            assert event.late == (event.name == "late")
    assert len(pids) == 2
    assert all(gone(pid) for pid in pids)


def test_what_a_child_leaves_behind_ends_with_it() -> None:
    def orphan(say: Say) -> None:
        say({"pid": subprocess.Popen(["sleep", "3600"]).pid})

    ((message,),) = said(orphan).values()
    assert gone(message["pid"])


def test_memory_past_its_share_is_refused_to_a_child() -> None:
    def take(say: Say) -> None:
        bytearray(64 * MIB)

    def take_too_much(say: Say) -> None:
        bytearray(256 * MIB)

    ended = run(take, take_too_much, memory_bytes=128 * MIB)
    assert ended["0"].code == 0
    assert (ended["1"].code, "MemoryError" in ended["1"].output) == (BROKEN, True)


def test_the_most_memory_a_child_had_is_told() -> None:
    def take(say: Say) -> None:
        bytearray(b"x") * (256 * MIB)

    ended = run(quiet, take, children=1)
    assert ended["1"].peak_bytes - ended["0"].peak_bytes > 200 * MIB


def test_the_kernel_would_take_a_child_before_the_parent() -> None:
    ((message,),) = said(lambda say: say({"score": Path("/proc/self/oom_score_adj").read_text()})).values()
    assert message["score"].strip() == "1000"
    assert Path("/proc/self/oom_score_adj").read_text().strip() != "1000"


def test_what_children_print_is_kept_apart_and_its_end_kept() -> None:
    def chatter(letter: str) -> Work:
        def work(say: Say) -> None:
            for _ in range(100):
                os.write(1, letter.encode() * 1000)
                os.write(2, letter.encode() * 1000)
            os.write(2, b"!")

        return work

    ended = run(chatter("a"), chatter("b"))
    assert {name: set(event.output) for name, event in ended.items()} == {"0": {"a", "!"}, "1": {"b", "!"}}
    assert all(len(event.output) == LAST_WORDS and event.output.endswith("!") for event in ended.values())


def test_whoever_stops_listening_leaves_no_child() -> None:
    with closing(serve([Job("0", PATIENCE_S, hang)], 2)) as events:
        first = next(events)
        assert isinstance(first, Said)
    assert not Path(f"/proc/{first.message['pid']}").exists()


def test_children_die_with_the_parent() -> None:
    program = (
        "import os, time\n"
        "from harness.suite.forks import Job, serve\n"
        "def work(say):\n"
        "    say({'pid': os.getpid()})\n"
        "    time.sleep(3600)\n"
        "for event in serve([Job('0', 3600, work)], 1):\n"
        "    print(event.message['pid'], flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
        assert gone(pid)
