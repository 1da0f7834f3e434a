"""What does not fit: the depth that does, and the line through several depths.

A decoder is layers of one shape between an embedding and a head, so its time is close to
a + b·layers. Measured at full width and some depths, interleaved, a line through them gives the whole
model's time. The line is Theil and Sen's (the median of the slopes between rounds of different
depths), which a few disturbed rounds do not move; the interval is that of its slope (Sen 1968,
Journal of the American Statistical Association 63, 1379-1389, as scipy.stats.theilslopes has it). It
bounds the noise of the measurement, not the error of taking a model for a line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import median

import numpy as np
from scipy import stats

from harness.matrix.records import Model
from harness.results.record import Estimate
from harness.suite.models.build import depth, full_config, meta_model
from harness.suite.outcomes import Unsupported

USABLE = 0.6
"""Share of the memory limit that weights may take. The rest is for the libraries, activations, the cache and
the allocator, and for the time a cell takes: past this the line gains little from a longer lever."""
CONFIDENCE = 0.90
METHOD = "Theil-Sen line in depth, full width, depths interleaved"


@dataclass(frozen=True, slots=True)
class Size:
    """Parameters of a model, from shapes alone: of one (text) layer, and of everything else."""

    whole: int
    layer: int
    layers: int | None

    def at(self, layers: int) -> int:
        """Parameters at a depth."""
        return self.whole - self.layer * ((self.layers or layers) - layers)


def measure_size(model: Model) -> Size:
    """Count the parameters on the meta device: the whole, and the difference that one layer makes."""
    whole = _count(model, None)
    layers = depth(full_config(model))
    if layers is None or layers < 2:
        return Size(whole, 0, layers)
    return Size(whole, whole - _count(model, layers - 1), layers)


def depth_that_fits(size: Size, bytes_each: int, limit: int | None) -> int | None:
    """None where the whole model fits in the limit; else the largest depth that does.

    Raises `Unsupported` where not two layers fit: no line goes through fewer than two depths.
    """
    if limit is None or size.whole * bytes_each <= USABLE * limit:
        return None
    if size.layers is None or size.layer == 0:
        raise Unsupported(
            f"{size.whole * bytes_each / 1e9:.1f} GB do not fit, and there is no stack to shorten"
        )
    rest = size.at(0)
    fits = int((USABLE * limit / bytes_each - rest) // size.layer)
    if fits < 2:
        need = size.at(2) * bytes_each / USABLE / 1e9
        raise Unsupported(f"two layers at full width need {need:.1f} GB; the limit is {limit / 1e9:.1f} GB")
    return fits


def shallow_depths(fits: int) -> tuple[int, ...]:
    """The depth measured beside the deepest: half of it, the longest lever that still reads like a stack."""
    return (max(1, fits // 2),)


def estimate(samples: Mapping[int, Sequence[float]], layers: int) -> tuple[float, Estimate]:
    """The line through (depth, seconds) read at `layers`, in seconds, with its interval.

    At least two depths, with a sample each. The bounds never go below the fastest round of the deepest
    depth: more layers do not take less time.
    """
    rounds = [(depth, second) for depth, seconds in samples.items() for second in seconds]
    with np.errstate(invalid="ignore"):  # equal seconds everywhere, of a coarse clock, have no variance
        line = stats.theilslopes(
            [second for _, second in rounds], [depth for depth, _ in rounds], alpha=CONFIDENCE
        )
    slopes = [
        slope if isfinite(slope) else line.slope for slope in (line.slope, line.low_slope, line.high_slope)
    ]
    least = min(samples[max(samples)])
    value, low, high = (
        float(max(least, median(second + slope * (layers - depth) for depth, second in rounds)))
        for slope in slopes
    )
    return value, Estimate(
        method=METHOD,
        layers=layers,
        depths=tuple(sorted(samples)),
        low=low,
        high=high,
        confidence=CONFIDENCE,
    )


def _count(model: Model, layers: int | None) -> int:
    return sum(parameter.numel() for parameter in meta_model(model, full_config(model, layers)).parameters())
