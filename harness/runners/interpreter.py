"""A Python that somebody names: does it have what the suite imports, and a torch that reaches the device?"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import HostEnvironmentError
from harness.machine.detect import vendor_of
from harness.matrix.devices import Device

NEEDED = ("torch", "transformers", "pytest", "pytest_benchmark", "scipy")
"""What the suite imports of the interpreter it runs in."""
ABSENT = (
    "import sys; from importlib.util import find_spec; "
    "print(*[name for name in sys.argv[1:] if find_spec(name) is None], sep=', ')"
)
"""A program that names the modules its interpreter does not have, without importing them."""
BUILT = """
import json, sys, torch
kind = sys.argv[1]
module = getattr(torch, kind, None)
asked = getattr(getattr(torch.backends, kind, None), "is_available", None)
asked = getattr(module, "is_available", asked)
built = {name: getattr(torch.version, name, None) for name in ("cuda", "hip", "xpu")}
built["mps"] = bool(torch.backends.mps.is_built())
there, reason = bool(asked and asked()), ""
try:
    if not there and hasattr(module, "init"):
        module.init()
except Exception as error:
    reason = str(error)
print(json.dumps({"torch": torch.__version__, "built": built, "there": there, "reason": reason}))
"""
"""A program that says what its torch was built for, and whether it finds the kind of device that is named."""
BUILDS = {"nvidia": "cuda", "amd": "hip", "intel": "xpu", "apple": "mps"}
"""Vendor → which of torch's builds reaches its accelerators."""


def find(named: Path) -> Path:
    """The Python named, which must have what the suite imports; HostEnvironmentError where it does not."""
    found = shutil.which(named)
    if found is None:
        raise HostEnvironmentError(f"--python {named} is no program: name a Python interpreter")
    asked = subprocess.run([found, "-c", ABSENT, *NEEDED], capture_output=True, text=True, check=False)
    if asked.returncode or asked.stdout.strip():
        lack = asked.stdout.strip() or "what any Python has"
        raise HostEnvironmentError(
            f"--python {named} lacks {lack}: install it there, or leave out --python for the locked one"
        )
    return Path(found).absolute()


def require_torch(python: Path, device: Device, environment: Mapping[str, str]) -> None:
    """HostEnvironmentError where its torch was not built for the device, or does not find it.

    Only of accelerators whose build can be told; it costs an import of torch.
    """
    build = BUILDS.get(vendor_of(device) or "")
    if build is None:
        return
    said = _asked(python, device.torch_device, environment)
    if not said["built"].get(build):
        raise HostEnvironmentError(
            f"--python {python} has torch {said['torch']}, which is not built for {device.id}: name a Python "
            "whose torch is"
        )
    if not said["there"]:
        reason = " ".join(said["reason"].split()) or f"torch.{device.torch_device}.is_available() is false"
        raise HostEnvironmentError(
            f"--python {python} has torch {said['torch']}, which finds no {device.id} here ({reason}): "
            f"`harness doctor --device {device.id}` says more"
        )


def _asked(python: Path, kind: str, environment: Mapping[str, str]) -> dict[str, Any]:
    asked = subprocess.run(
        [python, "-c", BUILT, kind], capture_output=True, text=True, check=False, env=dict(environment)
    )
    try:
        said: dict[str, Any] = json.loads(asked.stdout.splitlines()[-1])
    except (ValueError, IndexError) as problem:
        last = (asked.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise HostEnvironmentError(
            f"--python {python} cannot import its torch ({last}): mend it"
        ) from problem
    return said
