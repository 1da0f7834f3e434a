"""A device whose image holds one package made here: locks, environments and builds need no network."""

import base64
import hashlib
import io
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from harness.images.lock import MADE_FROM
from harness.matrix.devices import Device

CHECKOUT = Path(__file__).parents[2]
NOBODY_HAS = "nobody-has-it"


@pytest.fixture
def checkout() -> Path:
    return CHECKOUT


@pytest.fixture
def cpu() -> Device:
    return Device(
        id="cpu",
        title="CPU",
        torch_device="cpu",
        dtypes=("float32",),
        runners=("docker", "host"),
        image="cpu",
        base="python:3.11-slim-bookworm",
        torch_build="cpu",
    )


@pytest.fixture
def told() -> list[str]:
    """What the code under test tells: pass `told.append`."""
    return []


@pytest.fixture
def make_wheel(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a wheel of one module, which holds its version, and of other files into the folder `wheels`."""

    def make(
        name: str, version: str, folder: Path = tmp_path / "wheels", *others: str, metadata: str = ""
    ) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        info = f"{name}-{version}.dist-info"
        members = {
            f"{name}.py": f"version = {version!r}\n",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            **dict.fromkeys(others, ""),
        }
        record = "".join(f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in members.items())
        members[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
        wheel = folder / f"{name}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, text in members.items():
                archive.writestr(zipfile.ZipInfo(path), text)
        return wheel

    return make


@pytest.fixture
def make_source(tmp_path: Path, make_wheel: Callable[..., Path]) -> Callable[[str, str], Path]:
    """Write a package as source into the folder `wheels`: built, it is what `make_wheel` writes.

    Its build asks for a package that nobody has, and leaves the file `built` in `tmp_path`.
    """

    def make(name: str, version: str) -> Path:
        wheel = make_wheel(name, version, tmp_path / "elsewhere")
        members = {
            "PKG-INFO": f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n",
            "pyproject.toml": f"[build-system]\nrequires = ['{NOBODY_HAS}']\n"
            "build-backend = 'backend'\nbackend-path = ['.']\n",
            "backend.py": "import pathlib, shutil\n"
            "def build_wheel(place, settings=None, metadata=None):\n"
            f"    pathlib.Path({str(tmp_path / 'built')!r}).touch()\n"
            f"    return pathlib.Path(shutil.copy({str(wheel)!r}, place)).name\n",
        }
        folder = tmp_path / "wheels"
        folder.mkdir(exist_ok=True)
        with tarfile.open(folder / f"{name}-{version}.tar.gz", "w:gz") as archive:
            for path, text in members.items():
                member = tarfile.TarInfo(f"{name}-{version}/{path}")
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        return folder / f"{name}-{version}.tar.gz"

    return make


@pytest.fixture
def only_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Configure pip, by its own variables, to look in the folder `wheels` and nowhere else."""
    for variable in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(variable)
    folder = tmp_path / "wheels"
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def tiny(tmp_path: Path, only_wheels: Path, make_wheel: Callable[[str, str], Path], cpu: Device) -> Device:
    """A device whose lock holds `sample` 1.0, below the root `tmp_path`."""
    wheel = make_wheel("sample", "1.0")
    folder = tmp_path / "images" / "tiny"
    folder.mkdir(parents=True)
    requirements = folder / "requirements.in"
    requirements.write_text("sample\n")
    made_from = MADE_FROM + hashlib.sha256(requirements.read_bytes()).hexdigest()
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (folder / "requirements.lock").write_text(f"{made_from}\nsample==1.0 \\\n    --hash=sha256:{digest}\n")
    shutil.copy(CHECKOUT / "images" / "install.py", folder.parent)
    return replace(cpu, id="tiny", image="tiny", torch_build=None)


@pytest.fixture
def nowhere() -> Iterator[docker.DockerClient]:
    """A client of an engine that is not there: whoever asks it anything fails."""
    client = docker.DockerClient(base_url="tcp://127.0.0.1:9", version="1.41")
    yield client
    client.close()


@pytest.fixture
def tiny_image(tmp_path: Path, tiny: Device) -> Device:
    """The real Dockerfile, for the lock of one package and without the import of torch."""
    text = (CHECKOUT / "images" / "Dockerfile").read_text()
    kept = [line for line in text.splitlines() if "import torch" not in line]
    (tmp_path / "images/Dockerfile").write_text("\n".join(kept) + "\n")
    return tiny


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
