"""Peak memory of one phase, above what importing the libraries took."""

from dataclasses import dataclass

from harness.suite.throughput import memory
from harness.suite.throughput.identities import require
from harness.suite.throughput.seen import Peak
from harness.suite.throughput.timed import Amount
from harness.suite.throughput.workload import Workload


@dataclass(frozen=True, slots=True)
class Watch:
    """A peak that began anew, and what was in use then; bytes."""

    peak: int
    used: int

    @classmethod
    def begin(cls, work: Workload) -> "Watch | None":
        """Set the peak back; None where that cannot be done, or nothing tells it: the old one would stand."""
        if not memory.reset_peak(work.device):
            return None
        peak, used = memory.peak(work.device), memory.used(work.device)
        return None if peak is None or used is None else cls(peak, used)

    def amounts(self, work: Workload) -> list[Amount]:
        """The phase's peak at the depth that is loaded; none where no baseline was taken.

        Raises `Inconsistent` where the peak is another phase's, or without its weights or its baseline.
        """
        peak = memory.peak(work.device)
        if peak is None or work.baseline is None:
            return []
        above = max(0, peak - work.baseline)
        require(
            Peak(
                baseline=work.baseline,
                peak=peak,
                weights=work.loaded_bytes,
                used_at_reset=self.used,
                peak_at_reset=self.peak,
                libraries=memory.libraries() if work.device == "cpu" else 0,
            )
        )
        return [Amount(name="peak_memory", unit="B", value=float(above))]
