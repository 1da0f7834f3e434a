"""The official tasks load from a data root, and are cut down to the questions that are asked."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import datasets as library
import pytest
from lm_eval.evaluator import evaluate

from harness.suite.evaluation.choice import chosen
from harness.suite.evaluation.gold import Gold
from harness.suite.evaluation.problems import DataProblem
from harness.suite.evaluation.tasks import Loaded, folder, load
from harness.suite.evaluation.workplace import workplace

Copy = Callable[[str], Path]
ARC = "allenai/ai2_arc/ARC-Challenge/test-00000-of-00001.jsonl"
TEST = "openai/gsm8k/main/test-00000-of-00001.jsonl"


def prompts(loaded: Loaded, samples: dict[str, list[int]]) -> dict[str, str]:
    """What a model is asked of these samples: question → whole prompt."""
    asked = loaded.only(samples)
    result = evaluate(Gold(asked["tasks"]), asked, samples=samples, bootstrap_iters=0)
    rows = [row for rows in result["samples"].values() for row in rows]
    return {row["doc"]["question"]: row["arguments"][0][0] for row in rows}


@pytest.fixture
def gsm8k(sample: Path) -> Iterator[Loaded]:
    """Loaded, and within the place where it was."""
    with workplace(sample):
        yield load("gsm8k")


def test_the_place_is_left_as_it_was_and_the_root_as_well(sample: Path) -> None:
    before = (Path.cwd(), library.config.HF_DATASETS_CACHE, sorted(sample.rglob("*")))
    with workplace(sample) as place:
        assert Path.cwd() == place.resolve()
        assert library.config.HF_HUB_OFFLINE
        load("hellaswag")
    assert (Path.cwd(), library.config.HF_DATASETS_CACHE, sorted(sample.rglob("*"))) == before
    assert not place.exists()


def test_a_root_that_nobody_may_write_to(copied: Copy) -> None:
    root = copied("openai/gsm8k")
    for path in (*root.rglob("*"), root):
        path.chmod(0o555 if path.is_dir() else 0o444)
    with workplace(root):
        assert load("gsm8k").counts == {"gsm8k": 6}
    assert not list(root.rglob("*.lock"))
    for path in (root, *root.rglob("*")):
        path.chmod(0o755)


def test_a_folder_beside_the_data(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "metric").mkdir()
    with workplace(sample, tmp_path / "metric"):
        assert {"metric", "openai"} <= {path.name for path in Path().iterdir()}


def test_images_are_shown(sample: Path) -> None:
    with workplace(sample):
        task = load("chartqa").tasks["chartqa"]
        shown = task.doc_to_image(task.task_docs[0])
        assert [image.size for image in shown] == [(64, 48)]


def test_two_roots_in_one_process_are_not_mistaken_for_one_another(sample: Path, copied: Copy) -> None:
    with workplace(sample):
        assert load("gsm8k").counts == {"gsm8k": 6}
    root = copied("openai/gsm8k")
    (root / TEST).write_text('{"question": "What is 2 + 2?", "answer": "#### 4"}\n')
    with workplace(root):
        loaded = load("gsm8k")
        assert loaded.tasks["gsm8k"].task_docs[0]["question"] == "What is 2 + 2?"


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    with (
        pytest.raises(DataProblem, match=r"there is no folder .*/gone: fetch its data with `harness data"),
        workplace(tmp_path / "gone"),
    ):
        pass


@pytest.mark.parametrize(
    ("task", "where"),
    [
        ("mmlu", "mmlu/default"),
        ("bbh", "bbh/cot_fewshot"),
        ("arc_challenge", "arc"),
        ("longbench_repobench-p", "longbench"),
        ("boolq", "super_glue/boolq"),
    ],
)
def test_the_folder_of_a_task(task: str, where: str) -> None:
    assert folder(task).as_posix().endswith(f"lm_eval/tasks/{where}")


def test_a_task_that_lm_eval_has_not(sample: Path) -> None:
    with workplace(sample), pytest.raises(KeyError, match="lm_eval has no task mt_bench"):
        load("mt_bench")


def test_data_that_is_not_there(tmp_path: Path) -> None:
    with workplace(tmp_path), pytest.raises(DataProblem, match="there is no folder openai/gsm8k: fetch it"):
        load("gsm8k")


@pytest.mark.parametrize(
    ("task", "path"),
    [("gsm8k", TEST), ("mmlu", "cais/mmlu/virology/dev-00000-of-00001.jsonl")],  # mmlu's tasks are in tags
)
def test_a_broken_line(copied: Copy, task: str, path: str) -> None:
    root = copied("/".join(path.split("/")[:2]))
    (root / path).write_text('{"question": "?", "answer": 1}\n{"question"\n')
    with workplace(root), pytest.raises(DataProblem, match=f"^{path}, line 2, is broken"):
        load(task)


def test_a_missing_field_of_a_task_in_a_group(copied: Copy) -> None:
    path = "EleutherAI/hendrycks_math/geometry/test-00000-of-00001.jsonl"
    root = copied("EleutherAI/hendrycks_math")
    (root / path).write_text('{"problem": "What is $1 + 1$?"}\n')
    with workplace(root), pytest.raises(DataProblem, match=f"^{path}, row 1, has no solution: "):
        load("hendrycks_math", ("problem", "solution"))


def test_data_that_is_of_no_use_to_the_task_is_one_sentence(copied: Copy) -> None:
    root = copied("allenai/ai2_arc")
    (root / ARC).write_text('{"question": "?"}\n')
    with workplace(root), pytest.raises(DataProblem) as raised:
        load("arc_challenge")
    assert str(raised.value).startswith("lm_eval's task arc_challenge cannot be made of its data: ")
    assert "\n" not in str(raised.value)


def test_a_row_that_makes_no_question_is_named(copied: Copy) -> None:
    root = copied("allenai/ai2_arc")
    rows = [json.loads(line) for line in (root / ARC).read_text().splitlines()]
    rows[3]["answerKey"] = "E"
    (root / ARC).write_text("".join(json.dumps(row) + "\n" for row in rows))
    with workplace(root):
        loaded = load("arc_challenge")
        loaded.only({"arc_challenge": [0, 1, 2]})
        with pytest.raises(DataProblem, match=r"^row 4 of arc_challenge makes no question \(ValueError: "):
            loaded.only({"arc_challenge": [0, 3]})


def test_subtasks_without_samples_are_not_asked(sample: Path) -> None:
    with workplace(sample):
        loaded = load("hendrycks_math")
        samples = chosen(loaded.counts, 4, 0)
        assert 1 < len(samples) < 7
        asked = loaded.only(samples)
        result = evaluate(Gold(asked["tasks"]), asked, samples=samples, bootstrap_iters=0)
    assert {name: len(rows) for name, rows in result["samples"].items()} == {
        name: len(indices) for name, indices in samples.items()
    }
    assert result["results"]["hendrycks_math"]["exact_match,none"] == 1.0
    assert result["results"]["hendrycks_math"]["sample_len"] == 4
    assert len(loaded.groups["hendrycks_math"]) == 7  # for the next samples


def test_the_samples_are_the_rows_of_these_indices(gsm8k: Loaded) -> None:
    samples = {"gsm8k": [1, 4]}
    asked = gsm8k.only(samples)
    result = evaluate(Gold(asked["tasks"]), asked, samples=samples, bootstrap_iters=0)
    rows = gsm8k.tasks["gsm8k"].task_docs
    assert [(row["doc_id"], row["doc"]["question"]) for row in result["samples"]["gsm8k"][:2]] == [
        (1, rows[1]["question"]),
        (4, rows[4]["question"]),
    ]


def test_a_question_has_the_same_examples_however_many_are_asked(gsm8k: Loaded) -> None:
    """Answers that were kept are then answers to the same prompts."""
    all_ = prompts(gsm8k, {"gsm8k": list(range(6))})
    assert len({prompt.split("\n\n")[0] for prompt in all_.values()}) > 1  # examples differ between questions
    for few in ([0], [2, 5], [5]):
        asked = prompts(gsm8k, {"gsm8k": few})
        assert len(asked) == len(few)
        assert asked.items() <= all_.items()


def test_asked_a_second_time_a_question_has_the_same_examples(gsm8k: Loaded) -> None:
    """As after memory ran out."""
    samples = {"gsm8k": [1, 4]}
    asked = gsm8k.only(samples)
    once, twice = (
        evaluate(Gold(asked["tasks"]), asked, samples=samples, bootstrap_iters=0) for _ in range(2)
    )
    assert [row["arguments"] for row in once["samples"]["gsm8k"]] == [
        row["arguments"] for row in twice["samples"]["gsm8k"]
    ]


def test_all_questions_have_the_examples_of_lm_eval_itself(gsm8k: Loaded) -> None:
    ours = prompts(gsm8k, {"gsm8k": list(range(6))})
    task = load("gsm8k").tasks["gsm8k"]
    task.set_fewshot_seed(1234)
    result = evaluate(Gold({"gsm8k": task}), {"tasks": {"gsm8k": task}}, bootstrap_iters=0)
    assert {row["arguments"][0][0] for row in result["samples"]["gsm8k"]} == set(ours.values())


@pytest.mark.parametrize(
    ("name", "evenly"), [("longbench", True), ("hendrycks_math", False), ("gsm8k", False)]
)
def test_tasks_of_a_group_count_as_lm_eval_has_them_count(sample: Path, name: str, evenly: bool) -> None:
    with workplace(sample):
        assert load(name).evenly is evenly
