"""AMD's cards: the topology of the kernel's compute driver (KFD), and what amdgpu says of each."""

from pathlib import Path

from harness.machine import pci, tree
from harness.machine.records import Accelerator

TOPOLOGY = "sys/class/kfd/kfd/topology/nodes/*"
LOCAL = {"1", "2"}
"""`heap_type` of a memory bank on the card, public or private (kernel's kfd_crat.h); 0 is the system's."""


def read(root: Path = tree.ROOT) -> tuple[Accelerator, ...]:
    """The cards, or the partitions of them, in the order of the topology, which is ROCm's.

    Those whose render node is not there are left out: in a container the topology still lists all.
    """
    nodes = [(path, tree.table(path / "properties")) for path in tree.below(root, TOPOLOGY)]
    cards = [(path, said) for path, said in nodes if said.get("simd_count", "0") != "0"]
    found = [_accelerator(root, path, said, place) for place, (path, said) in enumerate(cards)]
    return tuple(accelerator for accelerator in found if accelerator.nodes)


def _accelerator(root: Path, path: Path, said: dict[str, str], place: int) -> Accelerator:
    minor, unique = said.get("drm_render_minor", ""), int(said.get("unique_id", 0))
    card = root / f"sys/class/drm/renderD{minor}/device"
    render = tree.node(root, f"/dev/dri/renderD{minor}")
    called = tree.text(card / "product_name") or pci.name(root, card)
    return Accelerator(
        vendor="amd",
        ordinal=str(place),
        name=called or f"AMD {architecture(int(said.get('gfx_target_version', 0)))}",
        uuid=f"GPU-{unique:016x}" if unique else None,
        pci=_address(int(said.get("domain", 0)), int(said.get("location_id", 0))),
        nodes=(render,) if render else (),
        driver=tree.text(root / "sys/module/amdgpu/version") or None,
        memory_bytes=tree.number(card / "mem_info_vram_total") or _local(path),
        used_bytes=tree.number(card / "mem_info_vram_used"),
        numa_node=tree.numa_node(card),
    )


def architecture(version: int) -> str:
    """90402 → gfx942: two decimal digits each of minor and stepping, written in hexadecimal."""
    major, minor, stepping = version // 10000, version // 100 % 100, version % 100
    return f"gfx{major}{minor:x}{stepping:x}"


def _address(domain: int, location: int) -> str:
    """`location_id` is bus, device and function in 8, 5 and 3 bits."""
    return f"{domain:04x}:{location >> 8:02x}:{location >> 3 & 31:02x}.{location & 7}"


def _local(path: Path) -> int | None:
    """Bytes of the banks on the card: what is left where amdgpu has no file, as of a partition."""
    banks = [tree.table(bank) for bank in tree.below(path, "mem_banks/*/properties")]
    sizes = [int(bank["size_in_bytes"]) for bank in banks if bank.get("heap_type") in LOCAL]
    return sum(sizes) or None
