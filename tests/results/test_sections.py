"""Tables by category, and who is best of a column."""

from harness.matrix.records import Matrix
from harness.matrix.select import find_category
from harness.results.sections import best, sections
from harness.results.standings import Standing, standings
from tests.results.evaluated import answers, cell, draws, result

GSM = answers("gsm8k", draws(0.7, 40))


def test_the_best_is_best_by_more_than_chance() -> None:
    def column(*shares: float) -> list[Standing]:
        models = ("qwen3_8b", "llama31_8b", "phi35_mini")
        given = [
            answers("gsm8k", [1.0] * round(100 * share) + [0.0] * round(100 - 100 * share))
            for share in shares
        ]
        return list(
            standings(
                [result(cell(model, "gsm8k"), each) for model, each in zip(models, given, strict=False)]
            )
        )

    clear = best(column(0.5, 0.8, 0.6))
    assert clear is not None
    assert clear.who.model == "llama31_8b"
    assert best(column(0.5, 0.65, 0.6)) is None
    assert best(column(0.7, 0.7)) is None
    assert best(column(0.9)) is None


def test_a_section_is_a_category_that_was_asked_for(matrix: Matrix) -> None:
    rows = standings(
        [
            result(cell("qwen3_8b", "gsm8k", categories=("general_purpose", "efficiency_optimized")), GSM),
            result(
                cell("qwen3_8b", "humaneval", categories=("efficiency_optimized",)),
                answers("humaneval", [1.0]),
            ),
            result(cell("qwen3_8b", "mmlu", categories=()), answers("mmlu", [1.0])),
        ]
    )
    found = {
        section.title: [row.column.dataset for row in section.standings]
        for section in sections(matrix, rows, None)
    }
    assert found == {
        "efficiency_optimized": ["gsm8k", "humaneval"],
        "general_purpose": ["gsm8k"],
        "no category": ["mmlu"],
    }


def test_a_category_that_is_named_takes_what_was_asked_for_another(matrix: Matrix) -> None:
    rows = standings(
        [
            result(cell("codestral_22b", "humaneval", categories=()), answers("humaneval", [1.0])),
            result(cell("codestral_22b", "mmlu", categories=()), answers("mmlu", [1.0])),
            result(cell("biogpt", "humaneval", categories=()), answers("humaneval", [1.0])),
        ]
    )
    (section,) = sections(matrix, rows, find_category(matrix, "coding_specialists"))
    assert [row.cell for row in section.standings] == [rows[0].cell]
