"""The kernels compiled for GPUs that are not there: what a compiler and its libraries are checked with.

To import this module takes Triton, as `kernels` does.
"""

from typing import Any

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from harness.suite.roofline.accelerators import BLOCK, BLOCKS, WARPS, tile
from harness.suite.roofline.ceilings import Product
from harness.suite.roofline.kernels import copy_kernel, product_kernel, read_kernel

TARGETS = {
    "cuda": (GPUTarget("cuda", 80, 32), GPUTarget("cuda", 90, 32), GPUTarget("cuda", 100, 32)),
    "hip": (GPUTarget("hip", "gfx942", 64),),
}
"""What torch is built for → backend, architecture and threads of a warp: A100, H100, B200; MI300X."""
TYPES = {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}
FLOAT8 = {torch.float8_e4m3fn: "fp8e4nv"}
FLOAT8_TARGETS = (90, 100)
"""Those that multiply this float8 in hardware."""


def for_target(target: GPUTarget) -> dict[str, dict[str, int]]:
    """Kernel and dtype → form (ptx, cubin, amdgcn, hsaco) → its length; TritonError where one is refused."""
    found = {
        "copy float32": compiled(
            copy_kernel, {"source": "*fp32", "target": "*fp32", "count": "i64"}, {"block": BLOCK}, target
        ),
        "read float32": compiled(
            read_kernel,
            {"source": "*fp32", "sums": "*fp32", "count": "i64"},
            {"block": BLOCK, "blocks": BLOCKS},
            target,
        ),
    }
    for dtype, name in (TYPES | (FLOAT8 if target.arch in FLOAT8_TARGETS else {})).items():
        operands = {"left": f"*{name}", "right": f"*{name}", "out": f"*{TYPES.get(dtype, 'bf16')}"}
        sizes = dict.fromkeys(("rows", "columns", "inner"), "i32")
        constants = tile(Product(4096, 4096, 4096, dtype))
        found[f"product {str(dtype).removeprefix('torch.')}"] = compiled(
            product_kernel, operands | sizes, constants, target
        )
    return found


def compiled(
    kernel: Any, types: dict[str, str], constants: dict[str, int], target: GPUTarget
) -> dict[str, int]:
    """Form → its length, of a kernel whose arguments have these types and constants."""
    signature = types | dict.fromkeys(constants, "constexpr")
    places = {(kernel.arg_names.index(name),): value for name, value in constants.items()}
    source = ASTSource(kernel, signature, constexprs=places)
    built = triton.compile(source, target=target, options={"num_warps": WARPS})
    return {form: len(text) for form, text in built.asm.items() if form != "source"}
