"""Where a result comes from, as seen from outside: the harness's own revision, and this machine."""

import platform
import subprocess
from functools import cache
from pathlib import Path

from harness.images.image import Image
from harness.machine import processors
from harness.results.record import Provenance

UNKNOWN = "unknown"


def of_image(root: Path, image: Image, engine: str) -> Provenance:
    """Of what runs in a container made from `image`; `root` is the checkout."""
    return Provenance(
        image=image.tag,
        image_id=image.id,
        lock_hash=image.lock_hash,
        base=image.base,
        engine=engine,
        variant=image.variant,
        revision=harness_revision(root),
        host=host(),
        kernel=kernel(),
        cpu=cpu(),
    )


def of_host(root: Path, lock_hash: str | None, variant: str | None = None) -> Provenance:
    """Of what runs as a process of this machine; `lock_hash` is None where it is not a locked environment."""
    return Provenance(
        image=None,
        image_id=None,
        lock_hash=lock_hash,
        base=None,
        engine=None,
        variant=variant,
        revision=harness_revision(root),
        host=host(),
        kernel=kernel(),
        cpu=cpu(),
    )


@cache
def harness_revision(root: Path) -> str:
    """The checkout's git revision, `+dirty` where `harness/` differs from it; `unknown` without git."""
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    changes = _git(root, "status", "--porcelain", "--", "harness")
    if commit is None or changes is None:
        return UNKNOWN
    return f"{commit}+dirty" if changes else commit


def host() -> str:
    """Name of this machine."""
    return platform.node()


def kernel() -> str:
    """Name and release of the operating system's kernel."""
    return f"{platform.system()} {platform.release()}"


@cache
def cpu() -> str:
    """The CPU's model, as it names itself."""
    return processors.model()


def _git(root: Path, *arguments: str) -> str | None:
    return _output("git", "-C", str(root), *arguments)


def _output(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace").strip()
