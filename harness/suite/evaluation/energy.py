"""What an accelerator has drawn, where it tells."""

from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec

import torch


def joules(device: str) -> float | None:
    """Since its driver was loaded, in joules; None of a CPU, and where nothing tells.

    NVML counts millijoules (nvmlDeviceGetTotalEnergyConsumption, from Volta on).
    """
    if not device.startswith("cuda") or find_spec("pynvml") is None:
        return None
    nvml = import_module("pynvml")
    with suppress(nvml.NVMLError):
        nvml.nvmlInit()
        identity = torch.cuda.get_device_properties(torch.device(device)).uuid
        handle = nvml.nvmlDeviceGetHandleByUUID(f"GPU-{identity}")
        return float(nvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1e3
    return None
