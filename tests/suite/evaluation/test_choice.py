"""Which questions are asked: as many as wanted, each once, spread, the same everywhere, and nested."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.evaluation.choice import chosen

COUNTS = st.dictionaries(st.text(max_size=8), st.integers(0, 60), max_size=8)
BUDGETS = st.integers(1, 300)
SEEDS = st.integers(-5, 2**40)


@given(COUNTS, BUDGETS, SEEDS)
def test_as_many_as_wanted_each_once_and_all_there(counts: dict[str, int], budget: int, seed: int) -> None:
    picked = chosen(counts, budget, seed)
    assert sum(map(len, picked.values())) == min(budget, sum(counts.values()))
    for subtask, indices in picked.items():
        assert indices
        assert indices == sorted(set(indices))
        assert 0 <= indices[0] <= indices[-1] < counts[subtask]


@given(COUNTS, BUDGETS, st.integers(0, 100), SEEDS)
def test_a_larger_budget_keeps_what_a_smaller_one_chose(
    counts: dict[str, int], budget: int, more: int, seed: int
) -> None:
    few, many = chosen(counts, budget, seed), chosen(counts, budget + more, seed)
    assert all(set(indices) <= set(many[subtask]) for subtask, indices in few.items())


@given(COUNTS, BUDGETS, SEEDS)
def test_subtasks_are_asked_in_proportion_to_their_sizes(
    counts: dict[str, int], budget: int, seed: int
) -> None:
    picked, there = chosen(counts, budget, seed), sum(counts.values())
    for subtask, count in counts.items():
        share = count * min(budget, there) / max(there, 1)
        assert abs(len(picked.get(subtask, ())) - share) < 4


@given(COUNTS, BUDGETS, SEEDS)
def test_a_subtask_is_asked_from_its_beginning_to_its_end(
    counts: dict[str, int], budget: int, seed: int
) -> None:
    """Files are often sorted: the halves of each are asked alike."""
    for subtask, indices in chosen(counts, budget, seed).items():
        first = sum(index < counts[subtask] / 2 for index in indices)
        assert abs(2 * first - len(indices)) < 8


@given(COUNTS, SEEDS)
def test_no_budget_asks_everything(counts: dict[str, int], seed: int) -> None:
    assert chosen(counts, None, seed) == {name: list(range(count)) for name, count in counts.items() if count}


@given(COUNTS, BUDGETS, SEEDS)
def test_the_order_of_the_subtasks_decides_nothing(counts: dict[str, int], budget: int, seed: int) -> None:
    assert chosen(counts, budget, seed) == chosen(dict(reversed(counts.items())), budget, seed)


def test_all_machines_choose_alike() -> None:
    assert chosen({"law": 1534, "anatomy": 135, "virology": 166}, 8, 7) == {
        "law": [120, 353, 586, 730, 963, 1340],
        "anatomy": [111],
        "virology": [39],
    }


def test_not_the_first_ones_and_another_seed_chooses_others() -> None:
    one, two = chosen({"gsm8k": 1319}, 20, 0)["gsm8k"], chosen({"gsm8k": 1319}, 20, 1)["gsm8k"]
    assert one != list(range(20))
    assert one != two


def test_each_question_has_the_same_chance() -> None:
    """Where the budget is smaller than the number of subtasks, small subtasks are not left out for good."""
    hits = {"large": 0, "small": 0}
    for seed in range(2000):
        for subtask, indices in chosen({"large": 90, "small": 10}, 1, seed).items():
            hits[subtask] += len(indices)
    assert hits["small"] == pytest.approx(200, abs=60)  # more than four standard deviations


@pytest.mark.parametrize("budget", [0, -3])
def test_a_budget_of_nothing_is_refused(budget: int) -> None:
    with pytest.raises(ValueError, match=f"a budget of {budget} questions asks nothing: give 1 or more"):
        chosen({"gsm8k": 8}, budget, 0)
