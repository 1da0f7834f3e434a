"""The picture of scores is drawn for real, says what it is of, and reads on light and on dark."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.errors import ResultsError
from harness.results.pareto import picture
from harness.results.record import Result
from harness.results.score_plot import draw
from harness.results.standings import standings
from tests.results.evaluated import answers, cell, draws, result

MODELS = {"qwen3_8b": (0.8, 0.5), "llama31_8b": (0.7, 0.25), "phi35_mini": (0.75, 0.125), "yi_9b": (0.3, 1.0)}
"""Model → share of right answers, seconds of each."""


def evaluated(*, data: str = "hub", memory: bool = True) -> list[Result]:
    return [
        result(
            cell(model, "gsm8k", data=data),
            answers("gsm8k", draws(share, 60), seconds=seconds),
            memory_bytes=round(8e9 * (1 + seconds)) if memory else None,
        )
        for model, (share, seconds) in MODELS.items()
    ]


def drawn(path: Path, results: list[Result]) -> str:
    draw(path, picture(standings(results)))
    return path.read_text()


def words(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_the_picture_names_every_model_and_what_it_shows(tmp_path: Path) -> None:
    said = words(drawn(tmp_path / "scores.svg", evaluated()))
    assert all(said.count(model) == 2 for model in MODELS)  # a panel each for speed and memory
    assert "Score: gsm8k; 60 questions, 95% intervals; dashed: nobody is better in both" in said
    assert "questions answered a second (more is better)" in said
    assert "memory, GB at most (less is better)" in said


def test_sample_data_is_said_to_be_no_benchmark(tmp_path: Path) -> None:
    assert "DATA OF SAMPLE, NO BENCHMARK" in drawn(tmp_path / "scores.svg", evaluated(data="sample"))


def test_what_was_not_measured_has_no_panel(tmp_path: Path) -> None:
    said = words(drawn(tmp_path / "scores.svg", evaluated(memory=False)))
    assert all(said.count(model) == 1 for model in MODELS)
    untimed = [result(cell("qwen3_8b", "gsm8k"), answers("gsm8k", [1.0, 0.0], seconds=None))]
    with pytest.raises(ResultsError, match="neither time nor memory"):
        drawn(tmp_path / "none.svg", untimed)


def test_one_model_alone_is_drawn(tmp_path: Path) -> None:
    assert "qwen3_8b" in words(drawn(tmp_path / "one.svg", evaluated()[:1]))


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb: WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_colour_reads_on_light_and_on_dark(tmp_path: Path) -> None:
    svg = drawn(tmp_path / "scores.svg", evaluated())
    colours = set(re.findall(r"#[0-9a-f]{6}", svg))
    assert len(colours) >= 3
    for colour in colours:
        for background in ("#ffffff", "#0d1117"):
            low, high = sorted((luminance(colour), luminance(background)))
            assert (high + 0.05) / (low + 0.05) > 3, f"{colour} on {background}"
    assert "fill: none" in svg  # the ground is the page's


def test_labels_lie_apart(tmp_path: Path) -> None:
    """Of models that are as good and as fast as one another."""
    names = ["qwen3_8b", "llama31_8b", "phi35_mini", "yi_9b", "mistral_7b"]
    alike = [
        result(cell(name, "gsm8k"), answers("gsm8k", [1.0] * 30 + [0.0] * 30, seconds=0.5 + place / 100))
        for place, name in enumerate(names)
    ]
    svg = ET.fromstring(drawn(tmp_path / "alike.svg", alike))
    places = []
    for node in svg.iter("{http://www.w3.org/2000/svg}text"):
        if (node.text or "") in names:
            x, y = re.findall(
                r"-?[\d.]+", node.attrib.get("transform", "") or f"{node.attrib['x']} {node.attrib['y']}"
            )[:2]
            places.append((float(x), float(y)))
    assert len(places) == len(names)
    for at, (x, y) in enumerate(places):
        assert all(abs(y - other_y) > 7 or abs(x - other_x) > 40 for other_x, other_y in places[at + 1 :])


def test_the_same_scores_make_the_same_picture(tmp_path: Path) -> None:
    assert drawn(tmp_path / "one.svg", evaluated()) == drawn(tmp_path / "two.svg", evaluated())


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="cannot be written"):
        drawn(tmp_path / "none" / "scores.svg", evaluated())
