"""What a child tells of a phase arrives as it was."""

import json

from hypothesis import given
from hypothesis import strategies as st

from harness.suite.throughput.design import Layer, Layers, design
from harness.suite.throughput.timed import TOTAL, Amount, Figure, Timed, rounds_of

seconds = st.lists(st.floats(1e-9, 1e6), min_size=1, max_size=4)


@given(st.dictionaries(st.none() | st.integers(1, 99), seconds, min_size=1), st.lists(seconds, max_size=3))
def test_a_phase_passes_json(by_depth: dict[int | None, list[float]], gaps: list[list[float]]) -> None:
    timed = Timed(
        phase="decode",
        layers=None,
        rounds=rounds_of({TOTAL: by_depth}),
        gaps=tuple(tuple(one) for one in gaps),
        figures=(Figure(name="decode_time", unit="s", series=TOTAL, rate=False, factor=0.1, whole=0.1),),
        amounts=(Amount(name="peak_memory", unit="B", value=1.0),),
        disturbed=("it swapped",),
        settled=False,
        design=design(Layers((Layer("full dense", "full dense", 1, 1),) * 4, 1), (0, 2)),
    )
    assert Timed.from_json(json.loads(json.dumps(timed.to_json()))) == timed
    assert timed.series(TOTAL) == {layers: tuple(one) for layers, one in by_depth.items()}
