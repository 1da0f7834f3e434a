"""What every image of the checkout must be like: the one Dockerfile, the folders, the rows of the matrix."""

import re
from pathlib import Path

import pytest

from harness.images.shown import images
from harness.images.versions import pinned
from harness.matrix.devices import Device
from harness.matrix.load import load
from harness.matrix.names import varied

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "images" / "Dockerfile").read_text()
ROWS = [row for device in load(ROOT).devices for row in images(device)]
BUILDS = {"cpu": "cpu", "cuda": "cuda", "rocm": "hip", "xpu": "xpu"}
TRITON = {"cpu": None, "cuda": "triton", "hip": "triton-rocm", "xpu": "triton-xpu"}
"""What torch is built for → the package of Triton that fits it; any other one would overwrite it."""


def instructions() -> list[str]:
    """The Dockerfile's instructions, continued lines joined and comments left out."""
    kept = [line for line in DOCKERFILE.splitlines() if not line.lstrip().startswith("#")]
    return [line for line in re.sub(r"\\\n\s*", " ", "\n".join(kept)).splitlines() if line.strip()]


def requirements(row: Device) -> dict[str, str]:
    """Package → its line in requirements.in."""
    lines = (ROOT / "images" / str(row.image) / "requirements.in").read_text().splitlines()
    asked = [line for line in lines if not line.startswith("#")]
    return {re.split(r"[=<>!~ ]", line, maxsplit=1)[0]: line for line in asked}


@pytest.fixture(params=ROWS, ids=lambda row: f"{row.id} {row.variant or ''}".strip())
def row(request: pytest.FixtureRequest) -> Device:
    found: Device = request.param
    return found


@pytest.mark.parametrize(
    "feature", ["--mount", "<<", "--link", "--chmod", "--security", "--network", "syntax="]
)
def test_both_builders_take_the_dockerfile(feature: str) -> None:
    assert not [line for line in instructions() if feature in line]


def test_every_stage_has_its_labels() -> None:
    stages = [part.splitlines() for part in re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]]
    assert [lines[0].split(" AS ")[1] for lines in stages] == ["base", "build", "runtime"]
    for lines in stages:
        stage = lines[0].split(" AS ")[1]
        (label,) = [line for line in lines if line.startswith("LABEL ")]
        assert f'harness.stage="{stage}"' in label


def test_the_base_is_an_argument_and_nothing_is_fetched_by_address() -> None:
    assert instructions()[0].startswith("ARG BASE_IMAGE=")
    assert "://" not in DOCKERFILE
    assert not [line for line in instructions() if line.startswith("ADD ")]


def test_the_container_is_nobody() -> None:
    users = [line for line in instructions() if line.startswith("USER ")]
    assert users == ["USER 10001:10001"]


def test_a_device_s_image_has_the_torch_of_its_build(row: Device) -> None:
    assert row.variant is not None or row.torch_build == BUILDS[row.id]
    asked = requirements(row)
    local = re.search(r"==\S+\+([a-z]+)", asked["torch"].split(",")[0])
    assert (local[1] if local else "cuda") == {"hip": "rocm"}.get(str(row.torch_build), row.torch_build)
    tritons = {name for name in asked if "triton" in name}
    assert tritons == {name for name in (TRITON[str(row.torch_build)],) if name}


def test_a_release_is_that_of_the_same_build_and_no_local_one(row: Device) -> None:
    """`torch==2.13.0` is met by 2.13.0+cpu as well, wherever pip has been told of one."""
    torch = requirements(row)["torch"]
    version = torch.partition("==")[2].partition(",")[0]
    assert "+" in version or torch == f"torch=={version},!={version}+cpu"


def test_an_accelerator_s_image_has_what_triton_compiles_with(row: Device) -> None:
    assert row.torch_build == "cpu" or {"gcc", "libc6-dev", "libpython3-dev"} <= set(row.packages)


def test_what_nobody_verified_is_said(row: Device) -> None:
    """None of the bases could be pulled where these rows were written."""
    assert [
        sentence
        for sentence in row.unverified
        if "never pulled" in sentence or "Nobody has built it" in sentence
    ]
    assert row.size_gb is not None or "Nobody has built it" in " ".join(row.unverified)


def test_models_are_evaluated_with_the_versions_they_are_tested_with() -> None:
    for device in (device for device in load(ROOT).devices if device.evaluation):
        own = pinned(device, ROOT)
        assert own.items() <= pinned(varied(device, device.evaluation), ROOT).items()


def test_every_folder_is_some_row_s_image() -> None:
    folders = {path.parent.name for path in (ROOT / "images").glob("*/requirements.in")}
    assert folders == {row.image for row in ROWS}
