"""Shares of measured ceilings: by hand, and what holds for any figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.roofline.counts import Counts
from harness.suite.roofline.utilisation import Roof, least_seconds, mbu, mfu

ROOF = Roof(1e12, 1e11, "matmul 4096×4096×4096 bfloat16", "read 1 GiB")
positive = st.floats(1, 1e15)


def test_shares_are_rates_over_their_ceilings_and_name_them() -> None:
    work = Counts(flops=4e11, weight_bytes=2e10, cache_read=4e9, cache_written=1e9)
    assert mfu(work, 2.0, ROOF).share == pytest.approx(0.2)
    assert mbu(work, 2.0, ROOF).share == pytest.approx(0.125)
    assert mfu(work, 2.0, ROOF).of == ROOF.arithmetic
    assert mbu(work, 2.0, ROOF).of == ROOF.memory
    assert ROOF.ridge == pytest.approx(10)


@given(positive, positive)
def test_at_the_roof_one_share_is_whole_and_no_share_is_more(flops: float, moved: float) -> None:
    work = Counts(flops=flops, weight_bytes=moved)
    shares = [share(work, least_seconds(work, ROOF), ROOF).share for share in (mfu, mbu)]
    assert max(shares) == pytest.approx(1)
    assert (shares[0] >= shares[1]) == (flops / moved >= ROOF.ridge)
