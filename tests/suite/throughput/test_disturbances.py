"""What disturbs is seen and said with its amount: on recorded trees, and on this machine, disturbed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.suite.throughput.counters import Place
from harness.suite.throughput.disturbances import SIGNS, Reading, disturbances, read

TREE = {
    "proc/stat": """cpu  400 0 100 5000 0 0 0 0 0 0
cpu0 100 10 50 1000 5 2 3 0 0 0
cpu1 100 10 50 1000 5 2 3 0 0 0
cpu2 900 10 50 1000 5 2 3 700 0 0
""",
    "proc/50/stat": "50 (py) thon 3) S 40 50 50 0 -1 4194304 9 0 3 0 20 10 0 0 20 0 1 0 99 1 2",
    "proc/40/stat": "40 (harness) S 30 40 40 0 -1 4194304 9 0 0 0 5 5 0 0 20 0 1 0 99 1 2",
    "proc/30/stat": "30 (sh) S 1 30 30 0 -1 4194304 9 0 0 0 1 1 0 0 20 0 1 0 99 1 2",
    "proc/1/stat": "1 (init) S 0 1 1 0 -1 4194304 9 0 0 0 777 777 0 0 20 0 1 0 99 1 2",
    "proc/50/cgroup": "0::/system.slice/job\n",
    "proc/50/task/50/status": "voluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t2\n",
    "proc/50/task/51/status": "voluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t3\n",
    "proc/vmstat": "pgfault 99\npswpin 4\npswpout 5\n",
    "proc/pressure/memory": "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\n"
    "full avg10=0.00 avg60=0.00 avg300=0.00 total=900000\n",
    "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count": "1\n",
    "sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count": "2\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "3000000\n",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "800000\n",
    "sys/fs/cgroup/system.slice/job/cpu.stat": "usage_usec 5\nnr_periods 9\nnr_throttled 1\n",
    "sys/fs/cgroup/system.slice/cpu.stat": "usage_usec 5\nnr_periods 9\nnr_throttled 2\n",
}
"""A machine of three CPUs; the process 50 may use the first two."""

CHANGED = {
    "others": ("proc/stat", "cpu1 100", "cpu1 150", "other processes took 0.25 of its CPUs"),
    "harness": ("proc/40/stat", " 5 5 ", " 5 205 ", "the processes that started it took 1.00 CPUs"),
    "stolen": ("proc/stat", "2 3 0 0 0\ncpu1", "2 3 20 0 0\ncpu1", "the hypervisor took 0.10 of its CPUs"),
    "preempted": (
        "proc/50/task/51/status",
        "switches:\t3",
        "switches:\t103",
        "its threads were made to leave a CPU 50 times a second",
    ),
    "heat": (
        "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count",
        "1",
        "4",
        "its CPUs were throttled 3 times by heat",
    ),
    "quota": (
        "sys/fs/cgroup/system.slice/cpu.stat",
        "nr_throttled 2",
        "nr_throttled 9",
        "its control group was throttled 7 times by its CPU quota",
    ),
    "frequency": (
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq",
        "3000000",
        "2100000",
        "its CPUs' frequency moved by 30%",
    ),
    "swap": ("proc/vmstat", "pswpout 5", "pswpout 8", "the machine moved 3 pages to or from swap"),
    "major faults": (
        "proc/50/stat",
        "9 0 3 0 20",
        "9 0 5 0 20",
        "it waited 2 times for a page to be read",
    ),
    "memory pressure": (
        "proc/pressure/memory",
        "total=1000000",
        "total=1200000",
        "tasks waited for memory 10% of the time",
    ),
}
"""Sign → the file that tells it, what stands there before and two seconds after, and what is said of it."""


def write(root: Path, tree: dict[str, str]) -> Place:
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Place(proc=root / "proc", sys=root / "sys", pid=50, cpus=frozenset({0, 1}))


def after(reading: Reading, seconds: float = 2.0) -> Callable[[Place], Reading]:
    return lambda place: replace(read(place), at=reading.at + seconds)


def test_every_sign_can_be_read_and_nothing_is_seen_where_nothing_changed(tmp_path: Path) -> None:
    place = write(tmp_path, TREE)
    before = read(place)
    assert before.unread == ()
    assert disturbances(before, after(before)(place)) == {}


@pytest.mark.parametrize("sign", [sign.name for sign in SIGNS])
def test_a_sign_is_seen_in_the_file_that_tells_it_and_no_other_is(sign: str, tmp_path: Path) -> None:
    place = write(tmp_path, TREE)
    before = read(place)
    name, was, became, said = CHANGED[sign]
    assert was in TREE[name]
    write(tmp_path, {name: TREE[name].replace(was, became)})
    assert disturbances(before, after(before)(place)) == {sign: said}


def test_what_this_process_computes_itself_is_no_disturbance(tmp_path: Path) -> None:
    place = write(tmp_path, TREE)
    before = read(place)
    busy = TREE["proc/stat"].replace("cpu0 100", "cpu0 300")
    own = TREE["proc/50/stat"].replace(" 20 10 0 0", " 215 15 0 0")
    write(tmp_path, {"proc/stat": busy, "proc/50/stat": own})
    assert disturbances(before, after(before)(place)) == {}


@pytest.mark.parametrize(
    ("name", "was", "became"),
    [
        ("proc/stat", "cpu2 900", "cpu2 9900"),  # a CPU that is not its own
        ("proc/stat", "cpu0 100", "cpu0 104"),  # the grain of the counter
        ("proc/1/stat", "777 777", "999 999"),  # the machine's first process
        ("proc/50/task/50/status", "voluntary_ctxt_switches:\t7\nnon", "voluntary_ctxt_switches:\t999\nnon"),
    ],
)
def test_what_does_not_disturb_is_not_said(name: str, was: str, became: str, tmp_path: Path) -> None:
    place = write(tmp_path, TREE)
    before = read(place)
    assert was in TREE[name]
    write(tmp_path, {name: TREE[name].replace(was, became)})
    assert disturbances(before, after(before)(place)) == {}


@pytest.mark.parametrize(
    ("groups", "stat"),
    [
        ("0::/\n", "sys/fs/cgroup/cpu.stat"),  # a container with a namespace of its own
        ("0::/docker/0123\n", "sys/fs/cgroup/cpu.stat"),  # one without: the path is the host's
        ("3:cpu,cpuacct:/docker/0123\n0::/\n", "sys/fs/cgroup/cpu,cpuacct/docker/0123/cpu.stat"),  # v1
        ("3:cpuset:/\n1:cpu:/\n", "sys/fs/cgroup/cpu/cpu.stat"),
    ],
)
def test_the_quota_is_found_wherever_control_groups_are(groups: str, stat: str, tmp_path: Path) -> None:
    tree = {name: text for name, text in TREE.items() if "cgroup" not in name}
    place = write(tmp_path, tree | {"proc/50/cgroup": groups, stat: "nr_throttled 4\n"})
    assert read(place).counts["quota"] == 4


def test_what_the_kernel_does_not_tell_is_named_and_not_taken_for_quiet(tmp_path: Path) -> None:
    place = write(tmp_path, {})
    before = read(place)
    assert set(before.unread) == {sign.name for sign in SIGNS}
    write(tmp_path, TREE)
    assert disturbances(before, after(before)(place)) == {}


def test_a_thread_that_ended_takes_nothing_back(tmp_path: Path) -> None:
    place = write(tmp_path, TREE)
    before = read(place)
    (tmp_path / "proc/50/task/51/status").unlink()
    assert disturbances(before, after(before)(place)) == {}


@pytest.fixture
def one_cpu() -> Iterator[int]:
    """This process on one CPU alone, so that another can be put beside it."""
    allowed = os.sched_getaffinity(0)
    cpu = min(allowed)
    os.sched_setaffinity(0, {cpu})
    yield cpu
    os.sched_setaffinity(0, allowed)


def compute(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def test_a_process_that_shares_the_cpu_is_seen(one_cpu: int) -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:  # inherits the CPU
        try:
            time.sleep(0.2)
            before = read()
            compute(1.0)
            found = disturbances(before, read())
        finally:
            other.kill()
    assert {"others", "preempted"} <= found.keys()


CHILD = """
import json, time
from harness.suite.throughput.disturbances import disturbances, read
print(flush=True)
before = read()
time.sleep(1.0)
print(json.dumps(disturbances(before, read())))
"""


@pytest.mark.parametrize("polls", [False, True], ids=["waits", "polls"])
def test_a_harness_that_polls_while_its_child_measures_is_seen(polls: bool, root: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True, cwd=root
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        while polls and child.poll() is None:
            pass
        found = json.loads(child.stdout.read())
    # What started these tests may compute a little at any time.
    *_, amount, _ = found.get("harness", "nothing took 0 CPUs").split()
    assert (float(amount) > 0.2) == polls


def test_a_frequency_of_0_is_not_divided_by() -> None:
    counts = dict.fromkeys((sign.name for sign in SIGNS), None)
    before = Reading(0.0, counts | {"frequency": 0.0})
    assert not disturbances(before, Reading(1.0, counts | {"frequency": 2e6}))
