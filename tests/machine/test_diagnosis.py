"""What stands in a device's way, of records of machines; and that the mend comes with it."""

from dataclasses import replace

import pytest

from harness.machine.diagnosis import Way, diagnose, open_ways, ways
from harness.machine.doctor import State, advice, examine
from harness.machine.nvidia import Answers, accelerators
from harness.machine.records import Accelerator, Engine, Machine, Node
from harness.matrix.devices import ContainerAccess, Device
from harness.matrix.records import Matrix

GB = 10**9
ENGINE = Engine(
    version="28.2.2",
    storage_driver="overlay2",
    cgroup="2",
    folder="/var/lib/docker",
    runtimes=("nvidia", "runc"),
    free_bytes=100 * GB,
)
MACHINE = Machine(
    platform="linux-x86_64",
    kernel="Linux 6.8",
    cpu="a CPU",
    cpus=16,
    memory_bytes=64 * GB,
    available_bytes=60 * GB,
    free_disk_bytes=100 * GB,
    engine=ENGINE,
)
NODE = Node(path="/dev/dri/renderD128", mode=0o660, gid=105, openable=True)


@pytest.fixture
def cuda(matrix: Matrix) -> Device:
    """With an image, whether the matrix has one already or not."""
    return replace(matrix.device("cuda"), image="cuda", base="b")


@pytest.fixture
def rocm(matrix: Matrix) -> Device:
    return replace(matrix.device("rocm"), image="rocm", base="b")


@pytest.fixture
def card(nvml: Answers) -> Accelerator:
    return accelerators(nvml)[0]


def amd(node: Node = NODE) -> Accelerator:
    return Accelerator(vendor="amd", ordinal="0", name="MI300X", nodes=(node,))


def test_where_all_is_well_nothing_is_said(cuda: Device, card: Accelerator) -> None:
    assert diagnose(cuda, MACHINE, [card]) == ()
    assert open_ways(cuda, ()) == (Way.CONTAINER, Way.LOCKED, Way.PYTHON)


@pytest.mark.parametrize(
    ("driver", "fine"), [("580.65.06", True), ("580.00", True), ("590.1", True), ("575.57.08", False)]
)
def test_a_driver_may_be_too_old_for_the_image(
    driver: str, fine: bool, cuda: Device, card: Accelerator
) -> None:
    found = diagnose(cuda, MACHINE, [replace(card, driver=driver)])
    assert (not found) == fine
    if not fine:
        assert "the driver 575.57.08 is too old" in found[0].what
        assert open_ways(cuda, found) == (Way.PYTHON,)  # an older torch may run on it


def test_an_engine_without_the_toolkit(cuda: Device, card: Accelerator) -> None:
    bare = replace(MACHINE, engine=replace(ENGINE, runtimes=("runc",)))
    (problem,) = diagnose(cuda, bare, [card])
    assert "nvidia-ctk runtime configure" in problem.mend
    assert open_ways(cuda, [problem]) == (Way.LOCKED, Way.PYTHON)
    listing = replace(MACHINE, engine=replace(ENGINE, runtimes=("runc",), cdi_devices=("nvidia.com/gpu=0",)))
    assert diagnose(cuda, listing, [card]) == ()


def test_an_engine_without_the_devices_runtime(cuda: Device, card: Accelerator) -> None:
    gaudi = replace(cuda, container=ContainerAccess(runtime="habana"))
    (problem,) = diagnose(gaudi, MACHINE, [card])
    assert problem.what == "the container engine has no runtime habana"


def test_without_an_engine_the_host_is_left(cuda: Device, card: Accelerator) -> None:
    down = replace(MACHINE, engine=None, no_engine="no container engine answers at x: not running: start it")
    (problem,) = diagnose(cuda, down, [card])
    assert problem.sentence == "no container engine answers at x: not running: start it"
    assert open_ways(cuda, [problem]) == (Way.LOCKED, Way.PYTHON)


def test_a_node_of_another_group_is_closed_to_processes_of_the_host(rocm: Device) -> None:
    (problem,) = diagnose(rocm, MACHINE, [amd(replace(NODE, openable=False))])
    assert "usermod -aG" in problem.mend
    assert open_ways(rocm, [problem]) == (Way.CONTAINER,)  # which joins the group by its number


@pytest.mark.parametrize(
    ("mode", "gid", "fine"), [(0o600, 105, False), (0o660, 0, False), (0o660, 105, True), (0o666, 0, True)]
)
def test_a_node_of_no_group_is_closed_to_containers(mode: int, gid: int, fine: bool, rocm: Device) -> None:
    found = diagnose(rocm, MACHINE, [amd(replace(NODE, mode=mode, gid=gid))])
    assert (not found) == fine
    assert (Way.CONTAINER in open_ways(rocm, found)) == fine


def test_a_driver_that_lists_nothing(cuda: Device) -> None:
    (problem,) = diagnose(cuda, MACHINE, [])
    assert "nvidia-smi" in problem.mend
    assert open_ways(cuda, [problem]) == ()


def test_one_that_is_free_is_enough(cuda: Device, card: Accelerator) -> None:
    taken = replace(card, used_bytes=card.memory_bytes)
    assert diagnose(cuda, MACHINE, [taken, card]) == ()
    (problem,) = diagnose(cuda, MACHINE, [taken])
    assert problem.what.startswith("every NVIDIA GPU is busy (85.5 of its 85.5 GB")


def test_little_room_is_told_and_stops_nothing(cuda: Device, card: Accelerator) -> None:
    full = replace(MACHINE, engine=replace(ENGINE, free_bytes=8 * GB), available_bytes=GB)
    disk, memory = diagnose(cuda, full, [card])
    assert disk.what == "8.0 GB are free in /var/lib/docker, and building the image takes 11.0"
    assert memory.what.startswith("1.0 GB of memory are free")
    assert open_ways(cuda, [disk, memory]) == ways(cuda)


def test_locked_packages_are_for_one_platform(cpu: Device) -> None:
    (problem,) = diagnose(cpu, replace(MACHINE, locks=False), [])
    assert open_ways(cpu, [problem]) == (Way.CONTAINER, Way.PYTHON)


def test_without_an_image_a_python_must_be_named(cuda: Device, card: Accelerator) -> None:
    bare = replace(cuda, image=None)
    assert ways(bare) == (Way.PYTHON,)
    assert diagnose(bare, replace(MACHINE, engine=None), [card]) == ()  # no engine is needed


def test_the_whole_matrix_on_a_machine_without_accelerators(matrix: Matrix) -> None:
    standings = {row.device.id: row for row in examine(matrix.devices, MACHINE, {})}
    assert standings["cpu"].state is State.READY
    assert standings["mps"].state is State.ABSENT
    lines = list(advice(list(standings.values())))
    assert "mps: it needs darwin-arm64, and this is linux-x86_64: use a Mac with Apple silicon" in lines
    assert not [line for line in lines if line.startswith("cpu")]


def test_a_mac_has_its_gpu(matrix: Matrix) -> None:
    gpu = Accelerator(vendor="apple", ordinal="0", name="Apple M2 GPU")
    mac = replace(MACHINE, platform="darwin-arm64", engine=None, locks=False, accelerators=(gpu,))
    (standing,) = examine([matrix.device("mps")], mac, {})
    assert (standing.state, standing.ways, standing.accelerators) == (State.READY, (Way.PYTHON,), (gpu,))
