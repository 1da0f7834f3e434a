import subprocess
import sys
from collections.abc import Callable
from configparser import RawConfigParser
from pathlib import Path

import pytest

from harness.images.host import BUILD_FOLDER, ca_bundle, local_path, pip_options, reachable


def configured(pip_conf: bytes) -> dict[str, str]:
    parser = RawConfigParser()
    parser.read_string(pip_conf.decode())
    return dict(parser["global"])


def downloads(pip_conf: bytes, folder: Path, requirement: str) -> bool:
    """Whether pip, with this configuration alone, finds the package."""
    file = folder / "pip.conf"
    file.write_bytes(pip_conf)
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--dest",
        str(folder / "got"),
        requirement,
    ]
    environment = {"PIP_CONFIG_FILE": str(file), "HOME": str(folder), "PATH": ""}
    return subprocess.run(command, env=environment, check=False, capture_output=True).returncode == 0


def test_pip_options_are_those_pip_obeys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nindex-url = https://one.example/simple\ntimeout = 5\n"
        "[install]\nfind-links = /a\n  /b\n[wheel]\nretries = 9\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "7")
    monkeypatch.setenv("PIP_INDEX_URL", "https://two.example/simple")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    options = pip_options()
    assert options["index-url"] == "https://two.example/simple"
    assert options["timeout"] == "7"
    assert options["find-links"].split() == ["/a", "/b"]
    assert "retries" not in options


def test_a_python_without_pip_has_no_options(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path)], check=True)
    assert pip_options(str(tmp_path / "bin" / "python")) == {}


def test_a_folder_of_wheels_is_within_reach(tmp_path: Path, make_wheel: Callable[[str, str], Path]) -> None:
    wheels = make_wheel("sample", "1.0").parent
    with reachable({"find-links": str(wheels), "no-index": "true"}) as sources:
        assert downloads(sources.files["pip.conf"], tmp_path, "sample==1.0")
    assert sources.network_mode == "host"
    assert str(wheels).encode() not in sources.files["pip.conf"]


def test_an_index_whose_pages_link_beside_it_is_within_reach(
    tmp_path: Path, make_wheel: Callable[[str, str], Path]
) -> None:
    wheel = make_wheel("sample", "1.0")
    page = tmp_path / "simple" / "sample" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<!DOCTYPE html><a href="../../wheels/{wheel.name}">{wheel.name}</a>')
    with reachable({"index-url": (tmp_path / "simple").as_uri()}) as sources:
        assert downloads(sources.files["pip.conf"], tmp_path, "sample==1.0")


def test_addresses_pass_unchanged_and_need_no_loopback() -> None:
    address = "https://someone:secret@packages.example/simple"
    with reachable({"index-url": address, "find-links": "/no/such/folder", "editor": "vi"}) as sources:
        options = configured(sources.files["pip.conf"])
    assert options.pop("index-url") == address
    assert set(options) <= {"cert"}
    assert sources.network_mode is None


def test_the_ca_is_carried_as_a_file(tmp_path: Path) -> None:
    ca = tmp_path / "company.pem"
    ca.write_text("certificates")
    with reachable({"cert": str(ca)}) as sources:
        assert sources.files["ca.pem"] == b"certificates"
        assert configured(sources.files["pip.conf"]) == {"cert": f"{BUILD_FOLDER}/ca.pem"}


def test_the_ca_is_pips_before_the_environments(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "pip.pem", tmp_path / "ssl.pem"
    ours.touch()
    theirs.touch()
    assert ca_bundle({"cert": str(ours)}, {"SSL_CERT_FILE": str(theirs)}) == ours
    assert ca_bundle({}, {"SSL_CERT_FILE": str(theirs)}) == theirs
    assert ca_bundle({"cert": str(tmp_path / "absent")}, {}) is None


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("file:///srv/simple", Path("/srv/simple")),
        ("/srv/wheels", Path("/srv/wheels")),
        ("file:///srv/a%20b", Path("/srv/a b")),
        ("https://packages.example/simple", None),
    ],
)
def test_local_path(location: str, path: Path | None) -> None:
    assert local_path(location) == path
