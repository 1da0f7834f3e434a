"""MT-Bench with a judge that is rigged: what is asked of whom, and what its ratings come to."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.matrix.cells import Cell
from harness.matrix.load import load
from harness.matrix.select import find_dataset
from harness.runners.relay import relays
from harness.suite.evaluation.engines.choose import engine_of
from harness.suite.evaluation.evaluate import evaluate
from harness.suite.evaluation.found import Found
from harness.suite.evaluation.mt_bench import REPO, TURNS
from harness.suite.evaluation.place import Place
from harness.suite.evaluation.problems import DataProblem
from harness.suite.evaluation.rating import OWN, PUBLISHED, prompts, rating
from harness.suite.outcomes import Elsewhere
from tests.suite.evaluation.server import Serving, serving
from tests.suite.evaluation.test_server import AT_ONCE, DATA, cell_of

MATRIX = load(Path(__file__).parents[3])
ROWS = [json.loads(line) for path in (DATA / REPO).glob("data/*") for line in path.read_text().splitlines()]
pytestmark = pytest.mark.filterwarnings("ignore")  # lm_eval's and its needs' own


def cell_with(server: Serving, judge: Serving) -> Cell:
    asked = {
        "engine": "openai",
        "server": server.url,
        "served": "tiny",
        "judge": judge.url,
        "judge_model": "tiny",
    }
    return cell_of("mt_bench", samples=4, **asked)


def converse(cell: Cell, out: Path, data: Path = DATA, **place: Any) -> Found:
    assert cell.questions is not None
    out.mkdir(exist_ok=True)
    with ExitStack() as stack:
        reached = stack.enter_context(relays(cell.questions.reached, AT_ONCE))
        ways = {row.name: Path(row.folder) for row in reached}
        where = Place(out=out, data=data, **ways, **place)
        return evaluate(cell, engine_of(cell, where), where)


def metric(found: Found, name: str) -> tuple[float, tuple[float, ...]]:
    (row,) = [row for row in found.metrics if row.name == name]
    assert row.interval is not None
    assert row.interval.low <= row.value <= row.interval.high
    return row.value, row.samples


def test_both_turns_are_put_and_rated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "for-the-server")
    monkeypatch.setenv("JUDGE_API_KEY", "for-the-judge")
    with serving(None, says="As you like it.") as server, serving(None, says="Good. Rating: [[7]]") as judge:
        cell = cell_with(server, judge)
        found = converse(cell, tmp_path)
        assert metric(found, "judge_score") == (7, (7, 7, 7, 7))
        assert metric(found, "invalid_ratings")[0] == 0
        assert found.facts["judge_prompts"] == "our own"
        assert len(server.asked) == len(judge.asked) == TURNS * len(ROWS)
        assert set(server.keys) == {"Bearer for-the-server"}
        assert set(judge.keys) == {"Bearer for-the-judge"}
        roles = sorted(tuple(row["role"] for row in asked["messages"]) for asked in server.asked)
        assert roles == [("user",)] * 4 + [("user", "assistant", "user")] * 4
        shown = [asked["messages"][1]["content"] for asked in judge.asked]
        assert sum("Reference answer" in text for text in shown) == 4  # of math and of coding
        assert all("As you like it." in text for text in shown)
        again = converse(cell, tmp_path / "again", earlier=tmp_path / "answers")
        assert len(server.asked) == len(judge.asked) == TURNS * len(ROWS)  # nothing is asked twice
        assert metric(again, "judge_score") == metric(found, "judge_score")
    written = [path.read_text() for path in tmp_path.glob("*/*.jsonl")]
    assert len(written) == 2
    assert not any("for-the-" in text for text in written)


def test_a_model_of_the_library_converses_in_its_own_template(tmp_path: Path) -> None:
    with serving(None, says="Rating: [[3]]") as judge:
        asked = {"weights": "tiny", "judge": judge.url, "judge_model": "tiny", "samples": 1, "max_tokens": 4}
        found = converse(cell_of("mt_bench", **asked), tmp_path)
    assert metric(found, "judge_score") == (3, (3,))
    (tokens,) = [row.value for row in found.metrics if row.name == "answer_tokens"]
    assert 2 <= tokens <= 8  # of both answers
    (path,) = (tmp_path / "samples").iterdir()
    first, second = map(json.loads, path.read_text().splitlines())
    assert (first["turn"], second["turn"]) == (1, 2)
    assert (
        first["answer"] in judge.asked[1]["messages"][1]["content"] + judge.asked[0]["messages"][1]["content"]
    )


def test_a_judge_that_gives_no_rating(tmp_path: Path) -> None:
    with (
        serving(None, says="As you like it.") as server,
        serving(None, says="Rating: [[11]]") as judge,
        pytest.raises(Elsewhere, match=r"the judge at .* gave no rating that can be read"),
    ):
        converse(cell_with(server, judge), tmp_path)
    assert len((tmp_path / "answers" / f"{cell_with(server, judge).id}.jsonl").read_text().splitlines()) == 16


def test_a_row_that_is_no_conversation(tmp_path: Path) -> None:
    folder = tmp_path / "data" / REPO
    folder.mkdir(parents=True)
    (folder / "README.md").write_text((DATA / REPO / "README.md").read_text())
    (folder / "data").mkdir()
    row = {"prompt": ["only one"], "prompt_id": 1, "category": "writing", "reference": []}
    (folder / "data" / "train-00000-of-00001.jsonl").write_text(json.dumps(row) + "\n")
    with (
        serving(None, says="1") as server,
        pytest.raises(DataProblem, match=r"row 1 of .* is no conversation of 2"),
    ):
        converse(cell_with(server, server), tmp_path, tmp_path / "data")


def test_what_is_published_goes_before_our_own(tmp_path: Path) -> None:
    rows = [
        {"name": name, "system_prompt": "Judge.", "prompt_template": "{question} {answer}"} for name in OWN
    ]
    (tmp_path / PUBLISHED).write_text("\n".join(map(json.dumps, rows)))
    found, which = prompts(tmp_path)
    assert which.startswith(PUBLISHED)
    shown = found["single-v1"].messages({"question": "{answer}", "answer": "yes"})
    assert shown[1]["content"] == "{answer} yes"  # what is put in is not read again
    (tmp_path / PUBLISHED).write_text('{"name": "single-v1"}')
    with pytest.raises(DataProblem, match="is not FastChat's file of prompts for judges"):
        prompts(tmp_path)


RATINGS = {
    "Rating: [[5]]": 5,
    "[[7.5]]": 7.5,
    "It says [[10]] itself, which I ignore. Rating: [[2]]": 2,
    "Rating: [8]": 8,
    "Rating: 8": None,
    "[[0]]": None,
    "[[99]]": None,
    "": None,
}


@pytest.mark.parametrize(("text", "value"), RATINGS.items())
def test_a_rating_is_read(text: str, value: float | None) -> None:
    assert rating(text) == value


@given(st.text())
def test_any_text_has_a_rating_between_1_and_10_or_none(text: str) -> None:
    assert rating(text) is None or 1 <= (rating(text) or 0) <= 10


def test_the_row_of_the_matrix_is_what_is_read() -> None:
    source = find_dataset(MATRIX, "mt_bench").source
    assert source is not None
    assert source.repo == REPO
    assert source.fields == ("prompt", "category", "reference")
