"""The picture of expert use is drawn for real: a panel a dataset, a field an expert of a layer."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.errors import ResultsError
from harness.results.expert_plot import draw
from harness.results.expert_use import LayerUse, Use

SVG = "{http://www.w3.org/2000/svg}"


def use(*layers: tuple[int, ...], data: str = "hub", dataset: str = "mmlu") -> Use:
    rows = [
        LayerUse(name=f"model.layers.{layer}.mlp.experts", counts=counts)
        for layer, counts in enumerate(layers, start=3)
    ]
    return Use(cell="c", model="mixtral_8x7b", dataset=dataset, data=data, layers=tuple(rows))


def colours(svg: str) -> list[str]:
    """Of the fields, in their order."""
    meshes = [node for node in ET.fromstring(svg).iter(f"{SVG}g") if "QuadMesh" in node.get("id", "")]
    return [str(path.get("style")) for mesh in meshes for path in mesh.iter(f"{SVG}path")]


def test_each_expert_of_a_layer_has_a_field_as_bright_as_its_load(tmp_path: Path) -> None:
    path = tmp_path / "experts.svg"
    draw(path, [use((9, 1, 1, 1), (1, 1, 1, 9))])
    said = path.read_text()
    first, second = colours(said)[:4], colours(said)[4:8]
    assert first == second[::-1]
    assert first[0] != first[1] == first[2] == first[3]
    words = ["".join(node.itertext()) for node in ET.fromstring(said).iter(f"{SVG}text")]
    assert {"mixtral_8x7b on mmlu", "expert", "layer", "3", "4"} <= set(words)
    draw(path, [use((9, 1, 1, 1), (1, 1, 1, 9))])
    assert path.read_text() == said


def test_a_panel_each_for_several_and_what_is_no_benchmark_is_named(tmp_path: Path) -> None:
    path = tmp_path / "experts.svg"
    draw(path, [use((1, 2)), use((2, 1), (1, 1, 1), data="sample", dataset="gsm8k")])
    said = path.read_text()
    assert "mixtral_8x7b on mmlu" in said
    assert "mixtral_8x7b on gsm8k (sample)" in said


def test_nothing_measured_draws_nothing(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="so there is nothing to draw"):
        draw(tmp_path / "experts.svg", [use()])
    assert not (tmp_path / "experts.svg").exists()
