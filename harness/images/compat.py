"""A release of transformers made ready to stand in front of the one that an image holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement

from harness.images.releases import LIBRARY, Tell, beside, release_lock, require_fit, require_tox
from harness.images.wheels import fetch
from harness.matrix.devices import Device
from harness.matrix.records import Matrix, Release

ANY = ">=0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a container needs so as to have the release: all of it files of this machine."""

    release: str
    requirements: str
    """pip's requirements with hashes: what the image lacks, and nothing where the release is its own."""
    wheels: tuple[Path, ...]


def prepare(
    releases: Iterable[str], matrix: Matrix, device: Device, root: Path, tell: Tell
) -> dict[str, Prepared]:
    """Every release made ready for the device's image; ReleaseError for the first that cannot be.

    What the image has, and what the matrix says of a release, is judged before anything is fetched.
    """
    rows = {row.transformers: row for row in matrix.versions}
    wanted = tuple(dict.fromkeys(releases))
    if wanted:
        require_tox(device, root)
    for release in wanted:
        if release in rows:
            require_fit(rows[release], device, root)
    return {release: _prepared(release, device, root, tell) for release in wanted}


def _prepared(release: str, device: Device, root: Path, tell: Tell) -> Prepared:
    wanted = beside(release_lock(release, device, root, tell), device, root)
    wheels = fetch(wanted, device, root, tell)
    for pin, wheel in zip(wanted, wheels, strict=True):
        if pin.name == LIBRARY:
            require_fit(asks(wheel), device, root)
    return Prepared(release=release, requirements="".join(pin.text() for pin in wanted), wheels=wheels)


def asks(wheel: Path) -> Release:
    """What the metadata of a wheel of the library says of Python and torch, as a row of the matrix has it."""
    with ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(name).decode("utf-8"))
    needed = map(Requirement, metadata.get_all("Requires-Dist", ()))
    torch = [
        row
        for row in needed
        if row.name == "torch" and row.marker and row.marker.evaluate({"extra": "torch"})
    ]
    return Release(
        transformers=metadata["Version"],
        python=metadata["Requires-Python"] or ANY,
        torch=str(torch[0].specifier) if torch else ANY,
    )
