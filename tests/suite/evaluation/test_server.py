"""A server of the same weights answers as the transformers engine does; and what its troubles come to."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from urllib3.util import Retry

from harness.matrix.asked import Asked
from harness.matrix.cells import Cell, Parameters
from harness.matrix.evaluation import Here, evaluation
from harness.matrix.load import load
from harness.results.record import Outcome
from harness.runners.relay import RETRIES, relays
from harness.suite.evaluation.engines.choose import engine_of
from harness.suite.evaluation.evaluate import evaluate
from harness.suite.evaluation.found import Found
from harness.suite.evaluation.place import Place
from harness.suite.evaluation.tiny import tiny_checkpoint
from harness.suite.outcomes import Elsewhere, Unsupported
from tests.suite.evaluation.server import Model, Serving, Trouble, serving

ROOT = Path(__file__).parents[3]
MATRIX = load(ROOT)
DATA = ROOT / "data" / "sample"
MODEL = "mixtral_8x7b"
AT_ONCE: Retry = RETRIES.new(backoff_factor=0)
pytestmark = pytest.mark.filterwarnings("ignore")  # lm_eval's and its needs' own


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    row = next(row for row in MATRIX.models if row.id == MODEL)
    return tiny_checkpoint(row, tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def model(checkpoint: Path) -> Model:
    return Model(checkpoint)


def cell_of(dataset: str, **asked: Any) -> Cell:
    """A cell of a few sample questions."""
    typed: dict[str, Any] = {
        "models": (MODEL,),
        "datasets": (dataset,),
        "max_tokens": 16,
        "batch": 3,
        "samples": 3,
    }
    here = Here(data="sample", rows={row.id: 6 for row in MATRIX.registry.datasets})
    sweep = [Parameters(dtype="float32")]
    (cell,) = evaluation(MATRIX, MATRIX.device("cpu"), Asked(**typed | asked), sweep, here).cells
    return cell


def ask(cell: Cell, out: Path, serving: Serving | None = None, **place: Any) -> Found:
    """The cell's evaluation, through a relay where it is of a server."""
    out.mkdir(exist_ok=True)
    with ExitStack() as stack:
        if serving is not None:
            (given,) = stack.enter_context(relays({"server": serving.url}, AT_ONCE))
            place["server"] = Path(given.folder)
        where = Place(out=out, data=DATA, **place)
        return evaluate(cell, engine_of(cell, where), where)


def of_server(dataset: str, serving: Serving, **asked: Any) -> Cell:
    return cell_of(dataset, engine="openai", server=serving.url, served="tiny", **asked)


def values(found: Found) -> dict[str, tuple[float, ...]]:
    """What was scored, and how many tokens that took; not what depends on time."""
    timed = ("seconds", "per_")
    return {row.name: row.samples for row in found.metrics if not any(part in row.name for part in timed)}


def answers(out: Path) -> list[dict[str, Any]]:
    (path,) = (out / "answers").iterdir()
    return [json.loads(line) for line in path.read_text().splitlines()]


EXPERTS = {"experts_used", "expert_entropy", "expert_imbalance"}


@pytest.mark.parametrize("dataset", ["hellaswag", "gsm8k"])
def test_a_server_of_the_same_weights_scores_the_same(
    dataset: str, model: Model, checkpoint: Path, tmp_path: Path
) -> None:
    with serving(model) as running:
        far = ask(of_server(dataset, running), tmp_path / "far", running)
    near = ask(cell_of(dataset, weights="folder"), tmp_path / "near", weights=checkpoint)
    assert values(far) == {name: each for name, each in values(near).items() if name not in EXPERTS}
    both = [{row["request"]: row for row in answers(tmp_path / name)} for name in ("far", "near")]
    assert both[0].keys() == both[1].keys()
    for request, row in both[0].items():
        other = both[1][request]
        assert row["value"] == pytest.approx(other["value"], abs=1e-4)
        assert row.get("tokens") == other.get("tokens")
        assert row.get("stopped") == other.get("stopped")
        assert row["seconds"] > 0


def test_a_conversation_is_put_in_the_servers_own_template(
    model: Model, checkpoint: Path, tmp_path: Path
) -> None:
    with serving(model) as running:
        ask(of_server("gsm8k", running, chat=True), tmp_path / "far", running)
        assert all("messages" in asked for asked in running.asked)
    ask(cell_of("gsm8k", weights="folder", chat=True), tmp_path / "near", weights=checkpoint)
    told = [sorted(row["value"] for row in answers(tmp_path / name)) for name in ("far", "near")]
    assert told[0] == told[1]


def test_the_shares_of_answers_at_once_come_to_the_whole_time(model: Model, tmp_path: Path) -> None:
    with serving(model) as running:
        found = ask(of_server("gsm8k", running), tmp_path, running)
    together = sum(row["seconds"] for row in answers(tmp_path))
    assert found.facts["at_once"] == 3
    assert (
        0 < together <= found.facts["request_s_longest"] * 1.5
    )  # of three at once: far less than thrice that


def test_turns_draw_different_answers(model: Model, tmp_path: Path) -> None:
    with serving(model) as running:
        ask(of_server("gsm8k", running, repeats=2, samples=1), tmp_path, running)
        first, second = running.asked
    assert first["seed"] != second["seed"]
    assert first["temperature"] == second["temperature"] == 1


SENTENCES = {
    Trouble.ERROR: "answers with status 500 (out of [31m blocks)",
    Trouble.HALF: "closed the connection before its answer was whole; what is answered is kept",
    Trouble.NO_JSON: "answers what is no JSON ('<html> [2J it works </html>'); what is answered is kept",
    Trouble.NO_CHOICES: "answers JSON without choices: it speaks another protocol, or is broken",
    Trouble.SLOW: "took more than 1 s for an answer: allow more with --sample-timeout",
}


@pytest.mark.parametrize("trouble", SENTENCES, ids=lambda trouble: trouble.name)
def test_a_trouble_is_one_sentence_and_what_was_answered_is_kept(
    trouble: Trouble, model: Model, tmp_path: Path
) -> None:
    with serving(model, trouble=trouble, after=1) as running:
        cell = of_server("gsm8k", running, batch=1, sample_s=1.0, max_tokens=2)
        with pytest.raises(Elsewhere) as raised:
            ask(cell, tmp_path / "first", running)
        late = trouble is Trouble.SLOW
        assert raised.value.outcome is (Outcome.TIMEOUT if late else Outcome.ERROR)
        assert str(raised.value).startswith(f"the server at {running.url} {SENTENCES[trouble]}")
        assert str(raised.value).isprintable()
        assert len(answers(tmp_path / "first")) == 1
        running.trouble, before = Trouble.NONE, len(running.asked)
        found = ask(cell, tmp_path / "second", running, earlier=tmp_path / "first" / "answers")
        assert len(running.asked) - before == 2  # the rest of three
        assert found.facts["earlier_answers"] == 1


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with serving(None) as gone:
        cell = of_server("gsm8k", gone)
    with pytest.raises(Elsewhere, match=r"refuses connections; what is answered is kept"):
        ask(cell, tmp_path, gone)


def test_a_server_that_has_another_model(tmp_path: Path) -> None:
    with serving(None) as running:
        cell = cell_of("gsm8k", engine="openai", server=running.url)
        with pytest.raises(
            Elsewhere, match=r"has no model mistralai/\S+: it serves tiny; name one with --served"
        ):
            ask(cell, tmp_path, running)


def test_control_characters_are_an_answer_like_any_other(tmp_path: Path) -> None:
    with serving(None, trouble=Trouble.CONTROL) as running:
        found = ask(of_server("gsm8k", running), tmp_path, running)
    assert {row["value"] for row in answers(tmp_path)} == {"a\x00b\x1b[31m\ufffdc"}
    assert values(found)["exact_match_strict"] == (0, 0, 0)


def test_an_empty_answer_is_an_invalid_one(tmp_path: Path) -> None:
    with serving(None, trouble=Trouble.EMPTY) as running:
        found = ask(of_server("gsm8k", running), tmp_path, running)
    assert values(found)["invalid_answers"] == (1, 1, 1)


def test_a_server_without_likelihoods_is_told_apart(model: Model, tmp_path: Path) -> None:
    with (
        serving(model, trouble=Trouble.SILENT) as running,
        pytest.raises(Unsupported, match="tells no log-likelihoods of a prompt"),
    ):
        ask(of_server("hellaswag", running), tmp_path, running)


def test_chat_asks_no_multiple_choice() -> None:
    cell = cell_of("hellaswag", engine="openai", server="http://localhost:1/v1", chat=True)
    assert cell.questions is not None
    assert cell.questions.skip == "a server's chat tells no likelihood of a choice: ask it without --chat"
