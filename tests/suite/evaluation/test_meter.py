"""The time of answers that are under way at once."""

from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.evaluation.meter import Sharing


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), min_size=1, max_size=8))
def test_shares_come_to_the_time_in_which_any_was_under_way(spans: list[tuple[int, int]]) -> None:
    """Each span begins at its first number and takes its second."""
    now = 0.0
    sharing = Sharing(lambda: now)
    open_now: dict[int, Any] = {}
    told = []
    for moment in range(42):
        now = float(moment)
        for number, (begin, length) in enumerate(spans):
            if moment == begin + length:
                stack, seconds = open_now.pop(number)
                stack.close()
                told.append((seconds(), length))
        for number, (begin, _) in enumerate(spans):
            if moment == begin:
                stack = ExitStack()
                open_now[number] = stack, stack.enter_context(sharing.one())
    busy = {moment for begin, length in spans for moment in range(begin, begin + length)}
    assert sum(seconds for seconds, _ in told) == pytest.approx(len(busy))
    assert all(0 < seconds <= length + 1e-9 for seconds, length in told)
