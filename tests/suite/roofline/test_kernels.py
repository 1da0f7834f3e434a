"""Our kernels agree with float64 in Triton's interpreter, and compile for GPUs that are not there."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.suite.roofline.accelerators import Kernel, by_kernels
from harness.suite.roofline.ceilings import Copy, Load, Product, Read

HERE = Path(__file__).parent
needs_triton = pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed (pip: triton)")


def ran(script: str, cache: Path, **variables: str) -> Any:
    """The JSON that a script in `programs` writes, in a process of its own: Triton reads variables once."""
    environment = {
        **os.environ,
        **variables,
        "TRITON_CACHE_DIR": str(cache),  # nothing that an earlier run has compiled is taken for this one's
        "TRITON_DEFAULT_FP_FUSION": "1",  # its default; unset, it warns that this will change
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    done = subprocess.run(
        [sys.executable, str(HERE / "programs" / script)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@needs_triton
def test_the_kernels_agree_with_float64_in_the_interpreter(tmp_path: Path) -> None:
    errors = ran("interpret.py", tmp_path, TRITON_INTERPRET="1")
    assert len(errors) == 8
    for label, (error, bound) in errors.items():
        assert error <= bound, label


@needs_triton
def test_the_kernels_compile_for_every_accelerator_without_one(tmp_path: Path) -> None:
    compiled = ran("compile.py", tmp_path)
    kernels = {"copy float32", "read float32", *(f"product {t}" for t in ("float32", "bfloat16", "float16"))}
    for target, binary in (("80", "cubin"), ("90", "cubin"), ("100", "cubin"), ("gfx942", "hsaco")):
        assert kernels <= compiled[target].keys()
        assert all(sizes[binary] > 0 for sizes in compiled[target].values())
        assembly = "amdgcn" if binary == "hsaco" else "ptx"
        assert all(sizes[assembly] > 0 for sizes in compiled[target].values())
    assert all("product float8_e4m3fn" in compiled[target] for target in ("90", "100"))


def test_a_kernel_does_the_work_of_the_librarys_load() -> None:
    work = Product(8, 16, 32, torch.bfloat16)
    ours = Kernel(work)
    assert (ours.flops, ours.moved, ours.dtype) == (work.flops, work.moved, work.dtype)
    assert ours.label == f"triton {work.label}"


def test_every_kind_but_integer_products_has_its_kernel_where_triton_is() -> None:
    kinds: list[list[Load]] = [
        [Copy(1 << 20), Copy(1 << 21)],
        [Read(1 << 20)],
        [Product(8, 8, 8, torch.int8)],
        [Product(8, 8, 8, torch.bfloat16)],
    ]
    ours = by_kernels(kinds)
    if find_spec("triton") is None:
        assert ours == []
    else:
        assert [[k.label for k in kind] for kind in ours] == [
            [f"triton {load.label}" for load in kind] for kind in (kinds[0], kinds[1], kinds[3])
        ]
