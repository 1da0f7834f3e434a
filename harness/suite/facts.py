"""What the inside knows of the environment a cell ran in."""

import os
import platform
from pathlib import Path
from typing import Any

import torch
import transformers

from harness.matrix.cells import Cell

# Where the kernel counts the processes it killed for memory: cgroup v2, then v1.
CONTAINED = Path("/.dockerenv")
"""Docker's engine puts it into each container."""
OOM_COUNTERS = (Path("/sys/fs/cgroup/memory.events"), Path("/sys/fs/cgroup/memory/memory.oom_control"))


def gather(cell: Cell) -> dict[str, Any]:
    """Versions, threads and the device by name, as JSON values."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "threads": torch.get_num_threads(),
        "cpus": cpus(),
        "device_name": device_name(cell.torch_device),
        "dtype": cell.parameters.dtype,
    }


def cpus() -> int:
    """CPUs that this process may use: a runner gives a set of them, never a share of their time."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def device_name(torch_device: str) -> str:
    """The accelerator's own name, or the processor's capability that torch selected."""
    kind = torch_device.split(":", maxsplit=1)[0]
    if kind == "cpu":
        return str(torch.backends.cpu.get_cpu_capability())
    module = getattr(torch, kind, None)
    named = getattr(module, "get_device_name", None)
    return str(named(torch_device)) if named else torch_device


def oom_kills() -> int:
    """Processes of this container that the kernel killed for memory so far; 0 where it does not tell.

    On a host the counter is that of a whole session, and other people's processes are in it.
    """
    if not CONTAINED.exists():
        return 0
    for path in OOM_COUNTERS:
        try:
            lines = path.read_text().splitlines()
        except OSError:
            continue
        return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
    return 0
