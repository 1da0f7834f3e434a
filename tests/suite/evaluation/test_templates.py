"""Templates are compiled once, and filled as before."""

from lm_eval.utils import apply_template, env

from harness.suite.evaluation.templates import compiled_once

TEMPLATE = "{{ question|trim }}:"


def test_each_row_fills_a_template_that_is_compiled_once() -> None:
    with compiled_once():
        assert env.from_string(TEMPLATE) is env.from_string(TEMPLATE)
        assert [apply_template(TEMPLATE, {"question": text}) for text in (" a", "b ")] == ["a:", "b:"]
    assert env.from_string(TEMPLATE) is not env.from_string(TEMPLATE)
