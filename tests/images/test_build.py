import json
import tarfile
from dataclasses import replace
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ImageError
from harness.images.base import Base
from harness.images.build import ensure
from harness.images.recipe import Recipe, context, recipe_files
from harness.matrix.devices import Device

FILES = st.dictionaries(st.from_regex(r"[a-c]{1,3}(/[a-c.]{1,3}[a-c])?", fullmatch=True), st.binary())
BASE = Base(reference="base:1", digest=None, id="sha256:1", origin="override")
SECRET = "hunter2"  # what no image may hold


def recipe(device: Device, files: dict[str, bytes], base: Base = BASE) -> Recipe:
    return Recipe(device=device, files=files, lock_hash="0" * 64, base=base)


@given(FILES)
def test_a_context_depends_on_its_files_alone(files: dict[str, bytes]) -> None:
    archive = context(files)
    assert archive.getvalue() == context(dict(reversed(files.items()))).getvalue()
    with tarfile.open(fileobj=archive) as tar:
        assert sorted(member.name for member in tar) == sorted(files)


@given(FILES, FILES)
def test_the_key_tells_recipes_apart(cpu_files: dict[str, bytes], other: dict[str, bytes]) -> None:
    device = Device(id="x", title="X", torch_device="cpu", dtypes=(), runners=(), image="x")
    assert (recipe(device, cpu_files).key == recipe(device, other).key) == (cpu_files == other)


def test_the_key_depends_on_the_base(cpu: Device) -> None:
    assert recipe(cpu, {}).key != recipe(cpu, {}, replace(BASE, id="sha256:2")).key
    assert recipe(cpu, {}).tag == f"harness-cpu:{recipe(cpu, {}).key[:12]}"


def test_a_recipe_is_all_that_decides_the_content(cpu: Device, checkout: Path) -> None:
    assert set(recipe_files(cpu, checkout)) == {"Dockerfile", "cpu/requirements.lock", "install.py"}


def test_a_lock_of_other_requirements_is_refused_before_the_engine_is_asked(
    tmp_path: Path, tiny_image: Device, nowhere: docker.DockerClient, told: list[str]
) -> None:
    (tmp_path / "images/tiny/requirements.in").write_text("another\n")
    with pytest.raises(
        ImageError, match=r"images/tiny/requirements.lock does not match .*: run 'nox -s lock'"
    ):
        ensure(tiny_image, tmp_path, nowhere, told.append)
    assert told == []


def test_a_missing_dockerfile_is_one_sentence(
    tmp_path: Path, tiny: Device, nowhere: docker.DockerClient, told: list[str]
) -> None:
    with pytest.raises(ImageError, match="Dockerfile, which the image needs, cannot be read"):
        ensure(tiny, tmp_path, nowhere, told.append)


@pytest.mark.engine
def test_an_unchanged_image_is_recognised(
    cpu: Device, checkout: Path, engine: docker.DockerClient, told: list[str]
) -> None:
    built = ensure(cpu, checkout, engine, told.append)
    told.clear()
    assert ensure(cpu, checkout, engine, told.append) == built
    assert told == []


@pytest.mark.engine
def test_the_image_says_what_it_is(
    cpu: Device, checkout: Path, engine: docker.DockerClient, told: list[str]
) -> None:
    image = ensure(cpu, checkout, engine, told.append)
    config = engine.images.get(image.tag).attrs["Config"]
    assert config["Labels"]["harness.app"] == "harness"
    assert config["Labels"]["harness.lock"] == image.lock_hash
    assert config["Labels"]["harness.base"] == image.base
    assert config["Labels"]["harness.key"].startswith(image.tag.partition(":")[2])
    assert config["Labels"]["org.opencontainers.image.title"] == "harness-cpu"
    assert config["User"] == "10001:10001"


@pytest.mark.engine
def test_the_image_has_torch_without_accelerators_and_no_harness(
    cpu: Device, checkout: Path, engine: docker.DockerClient, told: list[str]
) -> None:
    image = ensure(cpu, checkout, engine, told.append)
    script = (
        "import getpass, json, os, torch, transformers, pytest, pytest_benchmark;"
        "from importlib.util import find_spec;"
        "print(json.dumps([torch.__version__, torch.version.cuda, torch.version.hip,"
        " transformers.__version__, os.getuid(), getpass.getuser(), find_spec('harness'), find_spec('pip')]))"
    )
    said = engine.containers.run(
        image.tag,
        ["python", "-c", script],
        network_mode="none",
        read_only=True,
        remove=True,
        tmpfs={"/tmp": ""},
    )
    assert json.loads(said) == ["2.13.0+cpu", None, None, "5.23.0", 10001, "harness", None, None]


@pytest.mark.engine
def test_nothing_of_the_host_is_in_the_image(
    tmp_path: Path,
    tiny_image: Device,
    engine: docker.DockerClient,
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ca = tmp_path / "company.pem"
    ca.write_text(f"certificate of {SECRET}")
    monkeypatch.setenv("PIP_INDEX_URL", f"https://someone:{SECRET}@packages.example/simple")
    monkeypatch.setenv("PIP_CERT", str(ca))
    image = ensure(tiny_image, tmp_path, engine, told.append)
    try:
        history = json.dumps(engine.images.get(image.tag).history())
        exported = tmp_path / "image.tar"
        with exported.open("wb") as file:
            file.writelines(engine.images.get(image.tag).save())
        content = exported.read_bytes()
        said = engine.containers.run(
            image.tag, ["python", "-c", "import sample; print(sample.version)"], remove=True
        )
        left = engine.images.list(filters={"dangling": True, "label": ["harness.image=tiny"]})
    finally:
        engine.images.remove(image.tag)
    assert said.strip() == b"1.0"
    assert b"sample-1.0.dist-info" in content  # or the layers are packed, and nothing below could be found
    for private in (SECRET, str(tmp_path), "127.0.0.1:"):
        assert private not in history
    for private in (SECRET, str(tmp_path), "pip.conf\0"):
        assert private.encode() not in content
    assert left == []


@pytest.mark.engine
def test_an_image_whose_torch_is_of_another_build_is_not_built(
    tmp_path: Path, tiny_image: Device, engine: docker.DockerClient, told: list[str]
) -> None:
    with pytest.raises(
        ImageError, match=r"failed to build at .*: its torch cannot be imported, not for cuda: name"
    ):
        ensure(replace(tiny_image, torch_build="cuda"), tmp_path, engine, told.append)


@pytest.mark.engine
def test_a_build_that_fails_says_why_and_leaves_nothing(
    tmp_path: Path, tiny_image: Device, engine: docker.DockerClient, told: list[str], only_wheels: Path
) -> None:
    (wheel,) = only_wheels.iterdir()
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    says = r"harness-tiny:\w+ failed to build at step \d+/\d+: RUN .*ERROR: .*HASH"
    with pytest.raises(ImageError, match=says) as failure:
        ensure(tiny_image, tmp_path, engine, told.append)
    tag = str(failure.value).split()[0]
    assert engine.images.list(filters={"label": ["harness.image=tiny"]}) == []
    assert engine.containers.list(all=True, filters={"label": ["harness.image=tiny"]}) == []
    with pytest.raises(ImageNotFound):
        engine.images.get(tag)
