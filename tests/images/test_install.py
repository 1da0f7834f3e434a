import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.images.served import served

MakeWheel = Callable[..., Path]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return folder / "bin" / "python"


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip is configured with no source at all; an index on its command line is still asked."""
    for variable in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "empty").as_uri())


def run(python: Path, checkout: Path, lock: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(python), str(checkout / "images" / "install.py"), str(lock), *options]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def write_lock(path: Path, *wheels: Path) -> Path:
    rows = []
    for wheel in wheels:
        name, version = wheel.name.removesuffix(".tar.gz").split("-")[:2]
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        rows.append(f"{name}=={version} \\\n    --hash=sha256:{digest}\n    # via -r requirements.in\n")
    path.write_text("# a header\n" + "".join(rows))
    return path


def version(python: Path, name: str) -> str:
    command = [str(python), "-c", f"import {name}; print({name}.version)"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_pips_own_sources_come_first(
    tmp_path: Path, python: Path, checkout: Path, make_wheel: MakeWheel, only_wheels: Path
) -> None:
    lock = write_lock(tmp_path / "lock", make_wheel("first", "1.0+cpu"), make_wheel("usual", "3.0"))
    done = run(python, checkout, lock, "--torch-index=http://127.0.0.1:9/never-asked")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "never-asked" not in done.stdout
    assert version(python, "first") == "1.0+cpu"
    assert version(python, "usual") == "3.0"


@pytest.mark.usefixtures("nothing")
def test_the_torch_index_gives_what_they_lack(
    tmp_path: Path, python: Path, checkout: Path, make_wheel: MakeWheel
) -> None:
    index = tmp_path / "index"
    lock = write_lock(tmp_path / "lock", make_wheel("second", "1.0+cpu", index / "second"))
    with served([index]) as (address,):
        done = run(python, checkout, lock, f"--torch-index={address}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"second==1.0+cpu from {address}, since pip's own sources do not have it" in done.stdout
    assert version(python, "second") == "1.0+cpu"


@pytest.mark.usefixtures("nothing")
def test_what_nobody_has_is_said(tmp_path: Path, python: Path, checkout: Path, make_wheel: MakeWheel) -> None:
    lock = write_lock(tmp_path / "lock", make_wheel("third", "1.0+cpu", tmp_path / "elsewhere"))
    done = run(python, checkout, lock)
    assert done.returncode == 1
    assert "pip's own sources do not have third==1.0+cpu" in done.stdout


def test_a_changed_wheel_is_refused(
    tmp_path: Path, python: Path, checkout: Path, make_wheel: MakeWheel, only_wheels: Path
) -> None:
    wheel = make_wheel("fourth", "1.0")
    lock = write_lock(tmp_path / "lock", wheel)
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    done = run(python, checkout, lock)
    assert done.returncode == 1
    assert "HASHES" in done.stderr


@pytest.mark.usefixtures("only_wheels")
def test_source_is_built_where_the_lock_names_it_and_nothing_is_fetched_for_that(
    tmp_path: Path, python: Path, checkout: Path, make_source: MakeWheel
) -> None:
    lock = write_lock(tmp_path / "lock", make_source("fifth", "1.0"))
    assert run(python, checkout, lock).returncode == 1
    assert not (tmp_path / "built").exists()
    lock.write_text(f"--no-binary fifth\n{lock.read_text()}")
    done = run(python, checkout, lock)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "install: fifth from source" in done.stdout
    assert version(python, "fifth") == "1.0"


@pytest.mark.usefixtures("only_wheels")
def test_changed_source_is_refused_before_any_of_it_runs(
    tmp_path: Path, python: Path, checkout: Path, make_source: MakeWheel
) -> None:
    source = make_source("sixth", "1.0")
    lock = write_lock(tmp_path / "lock", source)
    lock.write_text(f"--no-binary sixth\n{lock.read_text()}")
    source.write_bytes(source.read_bytes() + b"\0")
    done = run(python, checkout, lock)
    assert done.returncode == 1
    assert "gave what builds sixth" in done.stdout
    assert not (tmp_path / "built").exists()


@pytest.mark.usefixtures("only_wheels")
def test_a_torch_of_another_build_is_refused(
    tmp_path: Path, python: Path, checkout: Path, make_wheel: MakeWheel
) -> None:
    # What `torch.version` says of a build is not in the stand-in: it counts as one for the CPU.
    lock = write_lock(tmp_path / "lock", make_wheel("torch", "1.0"))
    assert run(python, checkout, lock, "--torch-build=cpu").returncode == 0
    done = run(python, checkout, lock, "--torch-build=cuda")
    assert done.returncode == 1
    assert (
        "install: failed: its torch is for cpu, not for cuda: name the build in requirements.in"
        in done.stdout
    )


@pytest.mark.usefixtures("nothing")
def test_the_triton_of_another_maker_is_asked_of_the_torch_index(
    tmp_path: Path, python: Path, checkout: Path, make_wheel: MakeWheel
) -> None:
    index = tmp_path / "index"
    lock = write_lock(tmp_path / "lock", make_wheel("triton_xpu", "3.7.2", index / "triton-xpu"))
    lock.write_text(lock.read_text().replace("triton_xpu", "triton-xpu"))
    with served([index]) as (address,):
        done = run(python, checkout, lock, f"--torch-index={address}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert version(python, "triton_xpu") == "3.7.2"


@pytest.mark.usefixtures("only_wheels")
@pytest.mark.parametrize(("torch", "stays"), [("1.0+cpu", False), ("1.0", True)])
def test_what_links_cuda_goes_where_torch_has_none(
    torch: str, stays: bool, tmp_path: Path, checkout: Path, make_wheel: MakeWheel
) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "fresh")], check=True)
    python = tmp_path / "fresh" / "bin" / "python"
    parts = ("torchaudio/lib/__init__.py", "torchaudio/lib/libtorchaudio.so")
    lock = write_lock(
        tmp_path / "lock",
        make_wheel("torch", torch),
        make_wheel("torchaudio", "2.0", tmp_path / "wheels", *parts),
    )
    done = run(python, checkout, lock)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("removed torchaudio/lib/libtorchaudio.so, which needs CUDA" in done.stdout) is not stays
    (library,) = (tmp_path / "fresh" / "lib").glob("python*/site-packages/torchaudio/lib")
    assert (library / "libtorchaudio.so").exists() is stays
    assert (library / "__init__.py").exists()
