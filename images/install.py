"""Install a requirements.lock with the Python that runs this: in an image's build, and on the host.

Standard library only, because it runs before anything is installed. pip's own configuration decides
where packages come from. Wheels of a local version (`torch==2.13.0+cpu`) and some Tritons are not on the
usual index: where pip's sources have none, the index of the device is asked, briefly. What is published as
source alone, and the lock names so (`--no-binary NAME`), is built last, by what the lock has installed. Then
torch is asked what it was built for: two builds of it have the same version, and pip may know only the other.
"""

import argparse
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

# The lock is complete: nothing is resolved, or taken without its hash.
PIP_INSTALL = (
    *("-m", "pip", "install", "--no-deps", "--require-hashes"),
    *("--no-input", "--progress-bar=off", "--disable-pip-version-check", "--root-user-action=ignore"),
)
WHEELS = ("--only-binary=:all:",)
SOURCES = ("--no-binary=:all:", "--no-build-isolation", "--use-pep517")
"""Nothing is fetched to build with: setuptools is in the lock."""
FROM_SOURCE = "--no-binary "
"""Begins the line of a lock that names a package without a wheel. pip obeys such lines as well."""
BRIEFLY = ("--retries=1", "--timeout=15")
ON_TORCH_INDEX = ("triton-rocm", "triton-xpu")
"""Packages without a local version that only the index of torch has."""
BUILT_FOR = (
    "import torch; print(next((b for b in ('cuda', 'hip', 'xpu') if getattr(torch.version, b, None)), 'cpu'))"
)
"""A program that says what its torch was built for. `torch.version` has the release of each, or None."""
UNLOADABLE = ("torchaudio/lib/*.so",)
"""Compiled parts, linked to CUDA in the only build that the usual index has, of packages that do without.

Beside a torch that has no CUDA they end the import; torchaudio leaves out what it lacks of them (its
`_extension`), and what transformers takes of it is its Python: resample, the filter banks.
"""
TOLD = "install: "
"""Begins each line that is meant for people; the others are pip's."""


def rows(lock: str) -> list[str]:
    """The requirements of a lock, each with its hashes and without comments."""
    found: list[str] = []
    for line in lock.splitlines():
        if not line.strip() or line.lstrip().startswith("#") or line.startswith(FROM_SOURCE):
            continue
        if line[0].isspace():
            found[-1] += "\n" + line
        else:
            found.append(line)
    return found


def from_source(lock: str) -> set[str]:
    """The packages that a lock has as source alone."""
    return {
        line.removeprefix(FROM_SOURCE).strip() for line in lock.splitlines() if line.startswith(FROM_SOURCE)
    }


def is_of_torch_index(row: str) -> bool:
    """Whether a row pins what only the maker's own index publishes: a local version (`+cpu`), its Triton."""
    pin = row.split(maxsplit=1)[0]
    return "+" in pin or pin.partition("==")[0] in ON_TORCH_INDEX


def install(requirements: Iterable[str], options: Sequence[str]) -> bool:
    """Run pip on these rows; whether it could install them all."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text("\n".join(requirements) + "\n", encoding="utf-8")
        command = [sys.executable, *PIP_INSTALL, *options, "-r", str(wanted)]
        return subprocess.run(command, check=False).returncode == 0


def remove_unloadable() -> None:
    """Take from this Python's packages the compiled parts that need CUDA."""
    packages = Path(sysconfig.get_path("platlib"))
    for path in (path for pattern in UNLOADABLE for path in packages.glob(pattern)):
        path.unlink()
        tell(f"removed {path.relative_to(packages)}, which needs CUDA")


def built_for() -> str:
    """What this Python's torch was built for: cpu, cuda, hip, xpu; empty where it cannot be imported."""
    asked = subprocess.run([sys.executable, "-c", BUILT_FOR], stdout=subprocess.PIPE, text=True, check=False)
    return asked.stdout.strip()


def tell(line: str) -> None:
    """Write a line for people, in order with pip's own output."""
    sys.stdout.write(f"{TOLD}{line}\n")
    sys.stdout.flush()


def fail(line: str, mend: str = "name one that does in PIP_INDEX_URL or PIP_FIND_LINKS") -> int:
    """Say what is missing and how to supply it; the exit code of a failure."""
    tell(f"failed: {line}: {mend}")
    return 1


def main() -> int:
    """Install the lock; 0 where all of it is installed."""
    parser = argparse.ArgumentParser(description="Install a requirements.lock with this Python.")
    parser.add_argument("lock", type=Path)
    parser.add_argument("--torch-index", default="", help="asked for wheels that pip's own sources lack")
    parser.add_argument("--torch-build", default="", help="what torch must be built for: cpu, cuda, hip, xpu")
    arguments = parser.parse_args()

    lock = arguments.lock.read_text(encoding="utf-8")
    everything, built = rows(lock), from_source(lock)
    local = [row for row in everything if is_of_torch_index(row)]
    sources = [row for row in everything if row.partition("==")[0] in built]
    usual = [row for row in everything if row not in local and row not in sources]

    names = ", ".join(row.split(maxsplit=1)[0] for row in local)
    if local:
        tell(f"{names} from pip's own sources")
        if not install(local, [*WHEELS, *BRIEFLY]):
            if not arguments.torch_index:
                return fail(f"pip's own sources do not have {names}")
            tell(f"{names} from {arguments.torch_index}, since pip's own sources do not have it")
            if not install(local, [*WHEELS, f"--index-url={arguments.torch_index}", *BRIEFLY]):
                return fail(f"neither pip's own sources nor {arguments.torch_index} gave {names}")
    tell(f"{len(usual)} further packages")
    if usual and not install(usual, WHEELS):
        return fail("no source that pip is configured with gave every package of the lock")
    if sources:
        tell(f"{', '.join(sorted(built))} from source")
        if not install(sources, SOURCES):
            return fail(f"no source that pip is configured with gave what builds {', '.join(sorted(built))}")
    special = {row.partition("==")[0] for row in local}
    if "torch" in special and "torchaudio" not in special:
        remove_unloadable()
    if arguments.torch_build and (found := built_for()) != arguments.torch_build:
        what = f"its torch is for {found}" if found else "its torch cannot be imported"
        return fail(
            f"{what}, not for {arguments.torch_build}", "name the build in requirements.in, and lock it"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
