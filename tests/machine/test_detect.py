"""Accelerators of recorded machines, as each vendor's reader finds them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.machine import amd, intel, nvidia, pci, presence
from harness.machine.detect import accelerators, apple, detect, engine_of, free, hub_token
from harness.machine.nvidia import Answers
from harness.machine.processors import Core, cores, memory, model
from harness.matrix.records import Matrix

Planted = Callable[[str], Path]
GIB = 1024**3


def test_eight_h100_of_which_one_is_divided(nvml: Answers) -> None:
    found = nvidia.accelerators(nvml)
    assert [one.ordinal for one in found] == ["0", "1", "2:0", "2:1", "3", "4", "5", "6", "7"]
    whole, part = found[0], found[2]
    assert (whole.pci, whole.driver, whole.memory_bytes) == ("0000:1b:00.0", "580.82.07", 85520809984)
    assert part.name == "NVIDIA H100 80GB HBM3 MIG 3g.40gb"
    assert part.uuid is not None
    assert part.uuid.startswith("MIG-")
    assert part.pci == "0000:52:00.0"  # its card's
    assert [one.ordinal for one in found if one.closed] == ["7"]


def test_without_nvml_the_drivers_files_name_the_cards(planted: Planted) -> None:
    first, second = nvidia.read(planted("h100"))
    assert (first.name, first.driver, first.pci) == ("NVIDIA H100 80GB HBM3", "535.104.05", "0000:1b:00.0")
    assert first.uuid == "GPU-0f8a2c51-7d3e-4b6a-9c10-2e5d7f90ab10"
    assert [node.path for node in second.nodes] == ["/dev/nvidia1"]
    assert (first.numa_node, second.numa_node) == (0, 1)
    assert first.memory_bytes is None  # these files do not tell


def test_nvml_is_asked_before_the_files(planted: Planted, nvml: Answers) -> None:
    assert len(nvidia.read(planted("h100"), lambda: nvml)) == 9
    assert len(nvidia.read(planted("none"), lambda: nvml)) == 0


def test_nvml_itself_answers_or_is_not_there() -> None:
    answers = nvidia.nvml()
    assert answers is None or all(card.uuid for card in answers.cards)


def test_the_open_modules_version(tmp_path: Path) -> None:
    (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
    text = (
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (dvs@x)  Sun Jul"
    )
    (tmp_path / "proc/driver/nvidia/version").write_text(text)
    assert nvidia.proc(tmp_path).driver == "580.65.06"


def test_two_mi300x(planted: Planted) -> None:
    root = planted("mi300x")
    first, second = amd.read(root)
    assert first.uuid == "GPU-4fd3d0e445b9207e"  # rocminfo's form of 5752170827923136638
    assert (first.name, second.name) == ("AMD Instinct MI300X OAM", "AMD gfx942")
    assert (first.pci, second.pci) == ("0000:05:00.0", "0000:83:00.0")
    assert [node.path for node in second.nodes] == ["/dev/dri/renderD136"]
    assert (second.numa_node, second.memory_bytes, second.used_bytes) == (1, 206141652992, 297771008)
    assert first.driver == "6.12.12"


def test_a_card_whose_node_is_not_here_is_somebody_elses(planted: Planted) -> None:
    root = planted("mi300x")
    (root / "dev/dri/renderD128").unlink()
    (left,) = amd.read(root)
    assert (left.ordinal, left.pci) == ("1", "0000:83:00.0")


def test_a_partition_has_its_memory_from_the_topology(planted: Planted) -> None:
    root = planted("mi300x")
    (root / "sys/class/drm/renderD128/device/mem_info_vram_total").unlink()
    assert amd.read(root)[0].memory_bytes == 206141652992


@pytest.mark.parametrize(("version", "name"), [(90402, "gfx942"), (90010, "gfx90a"), (120001, "gfx1201")])
def test_architectures_are_written_in_hexadecimal(version: int, name: str) -> None:
    assert amd.architecture(version) == name


def test_an_arc_beside_the_processors_graphics(planted: Planted) -> None:
    small, arc = intel.read(planted("arc"))
    assert (small.pci, arc.pci) == ("0000:00:02.0", "0000:03:00.0")
    assert arc.name == "DG2 [Arc A770]"
    assert [node.path for node in arc.nodes] == ["/dev/dri/renderD128"]
    assert (arc.memory_bytes, small.memory_bytes) == (16 * GIB, None)
    assert (arc.driver, arc.numa_node, small.numa_node) == ("i915", 0, None)


def test_cards_without_a_reader_are_told_by_their_vendor(planted: Planted) -> None:
    root = planted("gaudi")
    bound, loose = pci.read(root, {"0x1da3"})
    assert (bound.driver, loose.driver) == ("habanalabs", None)
    assert [one.ordinal for one in (bound, loose)] == ["0", "1"]
    assert pci.read(root, {"0x8086"}) == ()  # its Ethernet card is no accelerator
    assert [one.vendor for one in accelerators({"0x1da3", "amd"}, root)] == ["0x1da3"] * 2


def test_apples_gpu_has_the_machines_memory() -> None:
    (gpu,) = apple("darwin-arm64", "Apple M2 Max", 64 * GIB)
    assert (gpu.name, gpu.memory_bytes) == ("Apple M2 Max GPU", 64 * GIB)
    assert apple("linux-x86_64", "a CPU", 64 * GIB) == ()


@pytest.mark.parametrize(
    ("tree", "device"),
    [("h100", "cuda"), ("mi300x", "rocm"), ("arc", "xpu"), ("gaudi", "hpu"), ("none", None)],
)
def test_a_machine_has_the_devices_that_it_has(
    tree: str, device: str | None, planted: Planted, matrix: Matrix
) -> None:
    root = planted(tree)
    signed = [row for row in matrix.devices if row.presence.paths or row.presence.drm_vendor]
    signed += [row for row in matrix.devices if row.presence.pci_vendor]
    there = {row.id for row in signed if presence.absence(row.presence, root) is None}
    assert there == ({device} if device else set())


def test_a_machine_without_accelerators(planted: Planted, matrix: Matrix, tmp_path: Path) -> None:
    root = planted("none")
    machine = detect(matrix.devices, tmp_path, root=root)
    assert machine.accelerators == ()
    assert model(root) == "AMD EPYC 9654 96-Core Processor"
    assert memory(root) == (131859456 * 1024, 126049280 * 1024)
    assert machine.free_disk_bytes > 0


def test_cores_have_the_cpus_that_may_be_used(planted: Planted) -> None:
    found = cores([0, 8, 1, 4, 12], planted("none"))
    assert found == (Core(cpus=(0, 8)), Core(cpus=(1,)), Core(cpus=(4, 12), node=1))


def test_where_nothing_tells_each_cpu_is_a_core(tmp_path: Path) -> None:
    assert cores([3, 5], tmp_path) == (Core(cpus=(3,)), Core(cpus=(5,)))


def test_an_engine_that_lists_what_it_can_give(tmp_path: Path) -> None:
    info: dict[str, Any] = {
        "ServerVersion": "28.2.2",
        "Driver": "overlay2",
        "CgroupVersion": "2",
        "DockerRootDir": str(tmp_path),
        "Runtimes": {"runc": {}, "nvidia": {}},
        "DiscoveredDevices": [{"Source": "cdi", "ID": "nvidia.com/gpu=0"}, {"Source": "x", "ID": "y"}],
    }
    found = engine_of(info)
    assert (found.runtimes, found.cdi_devices) == (("nvidia", "runc"), ("nvidia.com/gpu=0",))
    assert found.free_bytes
    elsewhere = engine_of({"Runtimes": None, "DiscoveredDevices": None, "DockerRootDir": f"{tmp_path}/no"})
    assert (elsewhere.cdi_devices, elsewhere.free_bytes) == ((), None)
    assert engine_of({}).free_bytes is None


def test_the_disk_of_a_folder_that_is_not_made_yet(tmp_path: Path) -> None:
    assert free(tmp_path / "not" / "yet") == pytest.approx(free(tmp_path), rel=0.1)


def test_a_token_is_there_or_not(tmp_path: Path) -> None:
    assert not hub_token({}, tmp_path)
    assert hub_token({"HF_TOKEN": "x"}, tmp_path)
    (tmp_path / ".cache/huggingface").mkdir(parents=True)
    (tmp_path / ".cache/huggingface/token").touch()
    assert not hub_token({}, tmp_path)  # an empty file is none
    (tmp_path / ".cache/huggingface/token").write_text("x")
    assert hub_token({}, tmp_path)
    assert not hub_token({"HF_HOME": str(tmp_path / "elsewhere")}, tmp_path)
