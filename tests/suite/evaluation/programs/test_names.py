"""What tests ask of a program: found in the tests, whatever the program defines."""

import pytest

from harness.suite.evaluation.programs.names import asked, last_function, whole

NOTHING: frozenset[str] = frozenset()


def names(tests: str, known: frozenset[str] = NOTHING, completed: str | None = None) -> set[str]:
    return set(asked(tests, known, completed).names)


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ("assert add(2, 3) == 5", {"add"}),
        ("assert longest([Pair(5, 24), Pair(15, 25)], 2) == 2", {"longest", "Pair"}),
        ("assert set(similar((3, 4), (5, 4))) == set((4,))", {"similar"}),
        ("import math\nassert math.isclose(area(2), 3.0)", {"area"}),
        ("def check(candidate):\n    assert candidate(1) == 2\ncheck(half)", {"half"}),
        ("def check(f):\n    assert f(1) == other(1)\n\ncheck(half)", {"half", "other"}),
        ("for x in range(3):\n    assert all(f(y) for y in [x])", {"f"}),
        ("def helper():\n    global made\n    made = f(1)\nhelper()\nassert made", {"f"}),
        ("expected = [1]\ndef compare(out):\n    assert out == expected\ncompare(f())", {"f"}),
        ("assert sum(10, 15) == 6", {"sum"}),  # MBPP tests a function of that name
        ("assert set(sum(10, 15)) == set([6])", {"sum"}),
        ("def check(candidate):\n    assert candidate([1]) == 1\ncheck(max)", {"max"}),
        ("assert True", set()),
    ],
)
def test_names_are_found(tests: str, expected: set[str]) -> None:
    assert names(tests) == expected


PROMPT = "import math\ndef poly(xs, x):\n    return 0\n\ndef find_zero(xs):\n    '''Where it is 0.'''\n"
CHECKED = "def check(candidate):\n    assert math.fabs(poly([1], candidate([1]))) < 1\ncheck(find_zero)"


def test_the_prompts_own_names_are_not_asked_for() -> None:
    known = frozenset({"math", "poly", "find_zero"})
    assert names(CHECKED, known, "find_zero") == {"find_zero"}
    assert names("assert poly([], find_zero([1])) == 0", known, "find_zero") == {"find_zero"}


def test_the_tests_say_what_is_completed_before_the_prompt_does() -> None:
    known = frozenset({"math", "poly", "find_zero"})
    assert names(CHECKED, known, "poly") == {"find_zero"}


def test_a_module_is_ours_where_it_is_used_as_one() -> None:
    found = asked("assert math.isclose(area(2), copy(3))", NOTHING, None)
    assert (set(found.names), set(found.modules)) == ({"area", "copy"}, {"math"})


def test_tests_that_are_no_python_are_said_to_be() -> None:
    with pytest.raises(SyntaxError):
        asked("assert (", NOTHING, None)


@pytest.mark.parametrize("cut", ["", "    x = (1,\n", "    for y in", "  '''no end\n", "\tx\n"])
def test_the_whole_of_a_prompt_is_what_can_be_read(cut: str) -> None:
    assert whole(PROMPT + cut) == PROMPT


def test_a_prompt_that_is_no_python_has_nothing_whole() -> None:
    assert whole("Write a function:\n") == ""
    assert last_function("") is None


def test_the_last_function_is_the_one_to_complete() -> None:
    assert last_function(PROMPT) == "find_zero"
