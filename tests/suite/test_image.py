"""What an image is asked to import follows from its lock."""

import pytest

from harness.suite.image import EVALUATING, IMPORTED, Expected, imports


def expected(**versions: str) -> Expected:
    return Expected(
        python="3.11", torch_build="cpu", versions={name.replace("_", "-"): v for name, v in versions.items()}
    )


def test_an_image_that_does_not_evaluate_imports_nothing_for_it() -> None:
    assert imports(expected(torch="2.13.0")) == ", ".join(IMPORTED)


def test_one_that_evaluates_imports_what_its_lock_has_for_it() -> None:
    said = imports(expected(lm_eval="0.4.13", jieba="0.42.1")).split(", ")
    assert said == [*IMPORTED, *EVALUATING["lm-eval"], *EVALUATING["jieba"]]


def test_what_the_lock_has_and_the_image_cannot_import_is_said() -> None:
    with pytest.raises(ModuleNotFoundError, match="vllm"):
        imports(expected(vllm="0.32.0"))
