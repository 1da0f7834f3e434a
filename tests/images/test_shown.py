"""What is shown of an image agrees with what the engine has."""

from dataclasses import replace
from pathlib import Path

import docker
import pytest

from harness.errors import ImageError
from harness.images.build import ensure
from harness.images.lock import lock_hash
from harness.images.shown import images, shown
from harness.matrix.devices import Device
from harness.matrix.records import Matrix


def test_without_an_engine_the_folder_and_the_row_are_shown(cpu: Device, checkout: Path) -> None:
    found = shown(cpu, checkout, None)
    assert found.built is None
    assert found.lacking is None
    assert found.locked["torch"] == "2.13.0+cpu"
    assert found.lock_hash == lock_hash(cpu, checkout)


def test_an_incomplete_lock_is_shown_with_what_it_lacks(matrix: Matrix, checkout: Path) -> None:
    found = shown(matrix.device("rocm"), checkout, None)
    assert found.lacking is not None
    assert "torch==2.13.0+rocm7.2" in found.lacking
    assert "torch" not in found.locked
    assert found.unverified


def test_a_variant_has_its_own_title_and_image(matrix: Matrix, checkout: Path) -> None:
    own, *variants = images(matrix.device("cpu"))
    assert own.variant is None
    assert [row.variant for row in variants] == [row.id for row in own.variants]
    found = shown(variants[0], checkout, None)
    assert (found.variant, found.image, found.title) == ("compiler", "cpu", own.variants[0].title)
    assert {row.variant: row.python for row in variants}["py313"] == "3.13"


def test_a_device_without_an_image_shows_none(matrix: Matrix, checkout: Path) -> None:
    assert list(images(matrix.device("mps"))) == []
    with pytest.raises(ImageError, match="has no image yet"):
        shown(matrix.device("mps"), checkout, None)


@pytest.mark.engine
def test_what_was_built_is_shown_with_its_layers(
    tmp_path: Path, tiny_image: Device, engine: docker.DockerClient, told: list[str]
) -> None:
    assert shown(tiny_image, tmp_path, engine).built is None
    image = ensure(tiny_image, tmp_path, engine, told.append)
    try:
        found = shown(tiny_image, tmp_path, engine).built
    finally:
        engine.images.remove(image.tag)
    assert found is not None
    assert (found.tag, found.id) == (image.tag, image.id)
    assert sum(layer.size for layer in found.layers) == found.size
    assert any(layer.instruction.startswith("COPY ") for layer in found.layers)


@pytest.mark.engine
def test_another_package_of_the_distribution_is_another_image(
    tmp_path: Path, tiny_image: Device, engine: docker.DockerClient, told: list[str]
) -> None:
    image = ensure(tiny_image, tmp_path, engine, told.append)
    try:
        assert shown(replace(tiny_image, packages=("g++",)), tmp_path, engine).built is None
        assert shown(replace(tiny_image, torch_index="https://x"), tmp_path, engine).built is not None
    finally:
        engine.images.remove(image.tag)
