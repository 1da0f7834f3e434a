"""Is the image what its lock says, and does all of it work but the accelerator?

Run inside, without a device: `python -m harness.suite.image EXPECTED.json`. The last line of standard output
is one JSON object, as `schemas/image.schema.json` has it. Each check is tried, whatever became of the others.
"""

import json
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple, Self

from harness.results.record import ImageCheck

IMPORTED = (
    "torch",
    "transformers",
    "torchaudio",
    "numpy",
    "scipy",
    "PIL",
    "safetensors",
    "pytest",
    "pytest_benchmark",
)
"""What the suite, or transformers for it, imports in any image."""
EVALUATING = {
    "lm-eval": ("lm_eval.evaluator", "lm_eval.models.huggingface", "lm_eval.tasks", "datasets", "evaluate"),
    "math-verify": ("math_verify", "sympy", "lm_eval.tasks.minerva_math.utils"),
    "jieba": ("lm_eval.tasks.longbench.metrics",),
    "vllm": ("vllm",),
}
"""Package of the lock → what evaluating imports where it is there."""
SAID = 1000
"""Most characters of what a check says."""
ACCELERATED = ("cuda", "hip", "xpu")
STUB = """
#include <Python.h>
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "launcher", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_launcher(void) { return PyModule_Create(&module); }
"""
"""What Triton's `runtime/build.py` must be able to compile before any kernel is launched."""


class WrongError(Exception):
    """The image is not what it should be; the text says how."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the image was made from."""

    python: str
    torch_build: str
    versions: dict[str, str]
    """Package → the version in the lock."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """What the outside has written."""
        data = json.loads(path.read_text("utf-8"))
        return cls(**{field.name: data[field.name] for field in fields(cls)})


class Check(NamedTuple):
    """A check, and the builds of torch that it applies to."""

    name: str
    run: Callable[[Expected], str]
    builds: tuple[str, ...] = ("cpu", *ACCELERATED)


def python(expected: Expected) -> str:
    """The Python that the lock is for."""
    found = platform.python_version()
    if found.rpartition(".")[0] != expected.python:
        raise WrongError(f"it is {found}, and the lock is for {expected.python}")
    return found


def packages(expected: Expected) -> str:
    """Every package of the lock, in the version of the lock."""
    wrong = [
        f"{name} {_version(name)}, not {pinned}"
        for name, pinned in expected.versions.items()
        if _version(name) != pinned
    ]
    if wrong:
        raise WrongError("; ".join(wrong))
    return f"{len(expected.versions)} as locked"


def imports(expected: Expected) -> str:
    """What the suite imports."""
    names = (
        *IMPORTED,
        *(("triton",) if expected.torch_build in ACCELERATED else ()),
        *(name for package, more in EVALUATING.items() if package in expected.versions for name in more),
    )
    for name in names:
        import_module(name)
    return ", ".join(names)


def torch_build(expected: Expected) -> str:
    """Torch is built for what the device needs: two builds have the same version."""
    torch = import_module("torch")
    found = {build: getattr(torch.version, build, None) for build in ACCELERATED}
    build = next((build for build, release in found.items() if release), "cpu")
    if build != expected.torch_build:
        raise WrongError(f"it is built for {build}, not for {expected.torch_build}")
    return " ".join(filter(None, (torch.__version__, "for", build, found.get(build))))


def computes(_: Expected) -> str:
    """A product on the CPU: the numerical libraries are there and can be loaded."""
    torch = import_module("torch")
    whole = torch.arange(12.0).reshape(3, 4)
    if (whole @ whole.T).tolist()[2][2] != 8.0**2 + 9.0**2 + 10.0**2 + 11.0**2:
        raise WrongError("a product of two small matrices is wrong")
    return "a product on the CPU"


def compiles(_: Expected) -> str:
    """torch.compile on the CPU, where there is a compiler for it."""
    if shutil.which("g++") is None:
        return "no C++ compiler: --mode compile is unsupported on the CPU"
    torch = import_module("torch")
    double = torch.compile(lambda x: x * 2 + 1)
    if double(torch.ones(8)).tolist() != [3.0] * 8:
        raise WrongError("what torch.compile made of x * 2 + 1 is wrong")
    return "torch.compile on the CPU"


def launcher(_: Expected) -> str:
    """A C compiler and Python's headers, for what Triton compiles at the first launch."""
    build = import_module("triton.runtime.build")
    build.compile_module_from_src(STUB, "launcher")
    return f"a module with {shutil.which('gcc') or shutil.which('clang')}"


def kernels(expected: Expected) -> str:
    """The roofline's kernels, compiled for accelerators that are not here."""
    ahead = import_module("harness.suite.roofline.ahead")
    counted = [
        f"{len(ahead.for_target(target))} for {target.arch}" for target in ahead.TARGETS[expected.torch_build]
    ]
    return ", ".join(counted)


CHECKS = (
    Check("python", python),
    Check("packages", packages),
    Check("imports", imports),
    Check("torch build", torch_build),
    Check("computes", computes),
    Check("compiles", compiles, ("cpu",)),
    Check("launcher", launcher, ACCELERATED),
    Check("kernels", kernels, ("cuda", "hip")),
)


def checked(expected: Expected) -> Iterator[ImageCheck]:
    """What became of each check that applies."""
    for check in CHECKS:
        if expected.torch_build in check.builds:
            started = time.monotonic()
            try:
                passed, said = True, check.run(expected)
            except Exception as error:  # noqa: BLE001 — whatever it is, the next check may pass
                passed, said = False, f"{type(error).__name__}: {error}"
            yield ImageCheck(
                name=check.name,
                passed=passed,
                said=" ".join(said.split())[:SAID],
                seconds=time.monotonic() - started,
            )


def main(path: Path) -> None:
    """Check, and print what was found."""
    found: list[dict[str, Any]] = [asdict(check) for check in checked(Expected.read(path))]
    sys.stdout.write(json.dumps({"checks": found}) + "\n")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
