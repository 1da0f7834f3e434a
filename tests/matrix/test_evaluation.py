"""Models × datasets: who is asked what, how much of it, and who is not and why."""

from dataclasses import replace
from typing import Any

import pytest

from harness.errors import SelectionError
from harness.matrix.asked import Asked
from harness.matrix.cells import Cell, Parameters
from harness.matrix.devices import Device
from harness.matrix.evaluation import Evaluation, Here, evaluation, require_any
from harness.matrix.plan import batches
from harness.matrix.questions import Questions
from harness.matrix.records import Matrix
from harness.matrix.select import find_dataset

BFLOAT16 = Parameters(dtype="bfloat16")


@pytest.fixture
def here(matrix: Matrix) -> Here:
    """Everything that can be asked is here: a hundred questions of each dataset, and all weights."""
    return Here(data="hub", rows={row.id: 100 for row in matrix.registry.datasets if row.task})


@pytest.fixture
def plan(matrix: Matrix, cpu: Device, here: Here) -> Any:
    """What an evaluation comes to."""

    def make(*sweep: Parameters, here: Here = here, **typed: Any) -> Evaluation:
        return evaluation(matrix, cpu, Asked(**typed), sweep or (BFLOAT16,), here)

    return make


def asked(found: Evaluation) -> list[Questions]:
    return [cell.questions for cell in found.cells if cell.questions]


def test_a_category_asks_its_models_its_datasets_within_its_limits(plan: Any, matrix: Matrix) -> None:
    found = asked(plan(categories=("mixture_of_experts",)))
    category = next(row for row in matrix.registry.categories if row.id == "mixture_of_experts")
    assert list(dict.fromkeys(row.entry for row in found)) == list(category.models)
    assert {row.dataset for row in found} == {find_dataset(matrix, name).id for name in category.primary}
    assert {(row.samples, row.max_tokens, row.sample_s) for row in found} == {(20, 2048, 60.0)}
    assert {row.categories for row in found} == {("mixture_of_experts",)}


def test_what_is_optional_is_asked_on_demand_and_each_dataset_once(plan: Any, matrix: Matrix) -> None:
    found = asked(plan(categories=("coding_specialists",), optional=True, models=("starcoder2_15b",)))
    names = [row.dataset for row in found]
    assert len(names) == len(set(names))
    assert {"repobench", "codecontests", "humaneval"} <= set(names)
    assert names.count("repobench") == 1  # the category has it twice, by two names


def test_a_model_alone_is_asked_what_its_categories_ask(plan: Any, matrix: Matrix) -> None:
    found = asked(plan(models=("starcoder2_15b",)))
    mine = [row for row in matrix.registry.categories if "starcoder2_15b" in row.models]
    assert {row.dataset for row in found} == {
        find_dataset(matrix, name).id for row in mine for name in row.primary
    }


def test_a_dataset_alone_is_asked_of_every_model(plan: Any, matrix: Matrix) -> None:
    found = plan(datasets=("gsm8k",))
    supported = [row.id for row in matrix.registry.entries if not row.unsupported]
    assert [row.entry for row in asked(found)] == supported
    assert list(found.left_out) == ["claude_sonnet"]


def test_a_cell_knows_the_fields_that_its_task_reads(plan: Any) -> None:
    (row,) = asked(plan(models=("starcoder2_15b",), datasets=("gsm8k",)))
    assert row.fields == ("question", "answer")


def test_models_narrow_a_category_and_others_are_left_out(plan: Any) -> None:
    found = asked(plan(categories=("mixture_of_experts",), without=("dbrx_instruct", "deepseek_v3")))
    assert {row.entry for row in found} == {"mixtral_8x7b", "mixtral_8x22b"}
    with pytest.raises(SelectionError, match="leaves no model"):
        plan(models=("qwen3_8b",), without=("qwen3_8b",))


def test_the_preset_becomes_what_the_engine_is_told(plan: Any) -> None:
    (found,) = asked(plan(models=("llama31_8b",), datasets=("gsm8k",), preset="performance"))
    assert found.options == {"dtype": "bfloat16", "batch_size": 32, "max_length": 131072}
    (other,) = asked(plan(models=("llama31_8b",), datasets=("gsm8k",), weights="tiny", batch=3))
    assert other.options == {"dtype": "bfloat16", "batch_size": 3}  # the context is the registry's weights'


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"datasets": ("mt_bench",)}, "judge"),
        ({"datasets": ("bigcodebench",)}, "no task"),
        ({"datasets": ("mmmu",)}, "images"),
        ({"datasets": ("gsm8k",), "models": ("bio_clinicalbert",)}, "encoder-only"),
        ({"datasets": ("gsm8k",), "models": ("internlm2_20b",)}, "code of its own"),
    ],
)
def test_what_cannot_be_asked_is_skipped_with_its_reason(
    plan: Any, typed: dict[str, Any], reason: str
) -> None:
    (found,) = asked(plan(**{"models": ("qwen3_8b",)} | typed))
    assert reason in found.skip


def test_a_judge_rates_conversations_once_and_no_made_up_answers(plan: Any, here: Here) -> None:
    typed = {"models": ("qwen3_8b",), "judge": "http://a/v1", "judge_model": "b", "repeats": 8}
    there = replace(here, rows={**here.rows, "mt_bench": 80})
    (found,) = asked(plan(here=there, datasets=("mt_bench",), **typed))
    assert (found.skip, found.chat, found.repeats, found.reached) == ("", True, 1, {"judge": "http://a/v1"})
    (made_up,) = asked(plan(here=there, datasets=("mt_bench",), engine="gold", **typed))
    assert "no answer to it is right or wrong" in made_up.skip
    (other,) = asked(plan(here=there, datasets=("gsm8k",), **typed))
    assert (other.judge, other.chat, other.repeats, other.reached) == (None, False, 8, {})


def test_a_server_is_asked_for_a_model_by_its_id_on_the_hub(plan: Any) -> None:
    typed = {"engine": "openai", "server": "http://a/v1", "models": ("qwen3_8b",), "datasets": ("gsm8k",)}
    (found,) = asked(plan(**typed))
    assert (found.served, found.reached) == ("Qwen/Qwen3-8B", {"server": "http://a/v1"})
    (named,) = asked(plan(**typed, served="mine"))
    assert named.served == "mine"


def test_what_is_not_here_is_skipped_and_told_how_to_get(plan: Any, here: Here) -> None:
    (no_data,) = asked(plan(here=replace(here, rows={}), models=("qwen3_8b",), datasets=("gsm8k",)))
    assert "harness data fetch gsm8k" in no_data.skip
    lost = replace(here, missing=lambda entry: f"no weights of {entry.id}")
    found = plan(here=lost, models=("qwen3_8b",), datasets=("gsm8k",))
    assert asked(found)[0].skip == "no weights of qwen3_8b"
    with pytest.raises(SelectionError, match=r"for 1 of 1 since no weights of qwen3_8b"):
        require_any(found.cells, found.left_out)
    require_any(plan(models=("qwen3_8b",), datasets=("gsm8k",)).cells, {})


def test_an_engine_that_reads_no_weights_needs_none(plan: Any, here: Here) -> None:
    lost = replace(here, missing=lambda _: "gone")
    (found,) = asked(plan(here=lost, models=("qwen3_8b",), datasets=("gsm8k",), engine="gold"))
    assert found.skip == ""


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "name what to evaluate"),
        ({"models": ("qwen3_8b",), "samples": 0}, "--samples 0 is too small: give 1 or more"),
        (
            {"models": ("qwen3_8b",), "datasets": ("gsm8k",), "samples": 101},
            "101 is more than the 100 questions",
        ),
        ({"models": ("qwen3_8b",), "repeats": 0}, "--repeats 0 is too small"),
        ({"models": ("qwen3_8",)}, "qwen3_8b"),
        ({"categories": ("mixture_of_expert",)}, "the nearest is mixture_of_experts"),
        ({"models": ("qwen3_8b",), "datasets": ("gsm9k",)}, "gsm8k"),
        ({"models": ("qwen3_8b",), "preset": "balance"}, "the nearest is balanced"),
        ({"models": ("qwen3_8b",), "engine": "vlm"}, "the nearest is vllm"),
    ],
)
def test_what_does_not_fit_is_one_sentence(plan: Any, typed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SelectionError, match=sentence):
        plan(**typed)


def test_no_more_is_asked_than_there_is(plan: Any, here: Here) -> None:
    few = replace(here, rows={"gsm8k": 6, "arc_challenge": 200})
    found = asked(plan(here=few, categories=("efficiency_optimized",), models=("qwen25_3b",)))
    assert {row.dataset: row.samples for row in found if not row.skip} == {"gsm8k": 6, "arc_challenge": 50}


def test_ids_tell_cells_apart_and_are_the_same_everywhere(plan: Any) -> None:
    ways: list[dict[str, Any]] = [
        {},
        {"samples": 5},
        {"engine": "gold"},
        {"weights": "tiny"},
        {"preset": "memory_optimized"},
        {"repeats": 4},
        {"chat": True},
    ]
    found = [plan(models=("qwen3_8b",), datasets=("gsm8k",), **way).cells[0].id for way in ways]
    assert len(set(found)) == len(ways)
    assert found[0] == "qwen3_8b-cpu-evaluation-bfloat16-gsm8k-balanced-t1024"
    both = plan(
        BFLOAT16, replace(BFLOAT16, dtype="float32", seed=3), models=("qwen3_8b",), datasets=("gsm8k",)
    )
    assert len({cell.id for cell in both.cells}) == 2


def test_a_cell_passes_through_the_door_as_it_was(plan: Any) -> None:
    for cell in plan(categories=("general_purpose",)).cells:
        assert Cell.from_json(cell.to_json()) == cell


def test_a_model_is_loaded_once(plan: Any, cpu: Device) -> None:
    cells = plan(categories=("mixture_of_experts",)).cells
    found = batches(cells, cpu, one_cell_each=False)
    assert [{cell.questions.entry for cell in batch.cells if cell.questions} for batch in found] == [
        {"mixtral_8x7b"},
        {"mixtral_8x22b"},
        {"dbrx_instruct"},
        {"deepseek_v3"},
    ]


def test_a_model_of_no_category_is_left_out_and_told(plan: Any) -> None:
    found = plan(models=("qwen3_next_80b", "qwen3_8b"), weights="tiny")
    assert "no category" in found.left_out["qwen3_next_80b"]
    alone = plan(models=("qwen3_next_80b",), weights="tiny")
    with pytest.raises(SelectionError, match="no category"):
        require_any(alone.cells, alone.left_out)


def test_a_model_is_shared_as_its_entry_has_it_where_there_are_accelerators(
    matrix: Matrix, here: Here
) -> None:
    cuda = matrix.device("cuda")
    for typed, expected in ((None, 4), ((2,), 1)):
        asked_for = Asked(models=("llama31_70b",), datasets=("gsm8k",), parallel=typed)
        (cell,) = evaluation(matrix, cuda, asked_for, (BFLOAT16,), here).cells
        assert cell.parameters.tensor_parallel == expected
        assert cell.id.endswith("-tp4") == (expected == 4)


def test_answers_are_drawn_only_where_there_are_several(plan: Any) -> None:
    with pytest.raises(SelectionError, match="add --repeats"):
        plan(models=("qwen3_8b",), datasets=("gsm8k",), temperature=0.7)
    (drawn,) = asked(plan(models=("qwen3_8b",), datasets=("gsm8k",), repeats=4))
    (chosen,) = asked(plan(models=("qwen3_8b",), datasets=("hellaswag",), repeats=4))
    assert (drawn.repeats, drawn.temperature) == (4, 1.0)
    assert (chosen.repeats, chosen.temperature) == (1, 0.0)
