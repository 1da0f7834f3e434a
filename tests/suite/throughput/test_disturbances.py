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
from harness.suite.throughput.disturbances import Lookout, Reading, disturbances, glance, read
from harness.suite.throughput.signs import SIGNS

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
        "switches:\t303",
        "its threads were made to leave a CPU 150 times a second",
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
        "its CPUs' frequency fell by 18%",
    ),
    "swap": ("proc/vmstat", "pswpout 5", "pswpout 8", "the machine moved 3 pages to or from swap"),
    "major faults": (
        "proc/50/stat",
        "9 0 3 0 20",
        "9 0 53 0 20",
        "it waited 25 times a second for a page to be read",
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


OF_CPUS = [sign.name for sign in SIGNS if not sign.elsewhere]


@pytest.mark.parametrize("sign", OF_CPUS)
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
        ("proc/50/stat", "9 0 3 0 20", "9 0 11 0 20"),  # code that runs for the first time
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
    assert set(before.unread) == set(OF_CPUS)
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


def readings(sign: str, *values: float | None, cpus: int = 1) -> list[Reading]:
    """A second apart."""
    return [Reading(float(at), {sign: value}, cpus) for at, value in enumerate(values)]


def test_a_frequency_of_0_is_not_divided_by() -> None:
    before, after = readings("frequency", 0.0, 0.0)
    assert not disturbances(before, after)


@pytest.mark.parametrize(
    ("sign", "on_few", "nothing_on_many", "on_many"),
    [("others", 0.2, 0.5, 0.7), ("stolen", 0.03, 0.1, 0.2), ("preempted", 120, 3000, 4000)],
)
def test_what_disturbs_a_few_cpus_is_nothing_on_many(
    sign: str, on_few: float, nothing_on_many: float, on_many: float
) -> None:
    for amount, cpus, seen in ((on_few, 2, True), (nothing_on_many, 64, False), (on_many, 64, True)):
        before, after = readings(sign, 0.0, amount, cpus=cpus)
        assert bool(disturbances(before, after)) == seen, (amount, cpus)


def test_a_frequency_that_fell_in_one_round_is_seen_though_it_came_back() -> None:
    before, after = readings("frequency", 3e9, 3e9)
    assert disturbances(before, after, readings("frequency", 3e9, 2.4e9, 3e9, 3e9)) == {
        "frequency": "its CPUs' frequency fell by 16%"
    }


def test_a_frequency_that_one_thread_had_before_the_rounds_is_not_missed_in_them() -> None:
    """All cores at once are slower than one: that is the machine, and no disturbance."""
    before, after = readings("frequency", 3.7e9, 3.6e9)
    assert disturbances(before, after, readings("frequency", 3.0e9, 3.02e9, 2.98e9)) == {}


def test_a_look_after_each_round_reads_what_has_a_state_and_what_it_says_is_kept(tmp_path: Path) -> None:
    place = write(tmp_path, TREE)
    assert glance(place).counts == {"frequency": 3e9}
    lookout = Lookout(place)
    lookout.glance()
    write(tmp_path, {"sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "2000000\n"})
    lookout.glance()
    found = lookout.end()
    assert found.words == ("its CPUs' frequency fell by 20%",)
    assert found.unread == ()


ACCELERATOR = {
    "accelerator processes": ((0.0, 1.0), "1 other processes were on its accelerator"),
    "accelerator memory": ((3.0 * 2**30, 3.0 * 2**30), "others held 3 GiB of its accelerator's memory"),
    "accelerator memory moved": (
        (2.0**29, 2.0**30),
        "others took or gave back 512 MiB of its accelerator's memory",
    ),
}
"""Sign → readings, and what is said of them."""
QUIET = {
    "accelerator processes": (0.0, 0.0),
    "accelerator memory": (2.0**30, 2.0**30),
    "accelerator memory moved": (2.0**30, 2.0**30 + 2**24),
}


@pytest.mark.parametrize("sign", [sign.name for sign in SIGNS if sign.elsewhere])
def test_another_process_on_the_accelerator_is_a_sign(sign: str) -> None:
    values, said = ACCELERATOR[sign]
    before, after = readings(sign, *values)
    assert disturbances(before, after) == {sign: said}
    before, after = readings(sign, *QUIET[sign])
    assert disturbances(before, after) == {}
    before, after = readings(sign, None, None)
    assert disturbances(before, after) == {}


def test_an_accelerator_s_signs_are_asked_where_one_is_used_and_named_where_nothing_tells(
    tmp_path: Path,
) -> None:
    elsewhere = {sign.name for sign in SIGNS if sign.elsewhere}
    assert not elsewhere & read(write(tmp_path, TREE)).counts.keys()
    assert elsewhere <= set(read(replace(write(tmp_path, TREE), device="no_such_device")).unread)
