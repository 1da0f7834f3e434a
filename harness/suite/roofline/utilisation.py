"""How near the roof: what was done over what this machine was measured to do."""

from dataclasses import dataclass

from harness.suite.roofline.counts import Counts


@dataclass(frozen=True, slots=True)
class Roof:
    """The two ceilings that a figure is read against, both measured, and what each was measured with."""

    flops_per_s: float
    bytes_per_s: float
    arithmetic: str
    """What reached `flops_per_s`: `matmul 2048×2048×2048 bfloat16`."""
    memory: str
    """What reached `bytes_per_s`: `read 1 GiB`."""

    @property
    def ridge(self) -> float:
        """FLOP/B from which on arithmetic is what limits (Williams, Waterman and Patterson 2009, fig. 1)."""
        return self.flops_per_s / self.bytes_per_s


@dataclass(frozen=True, slots=True)
class Utilisation:
    """A share of a ceiling, and which ceiling that is.

    Above 1 the ceiling, the count or the time is wrong, or a cache that holds what is counted as moved
    answers in memory's place.
    """

    share: float
    of: str


def mfu(counts: Counts, seconds: float, roof: Roof) -> Utilisation:
    """Model FLOPs utilisation: the operations that the model needs over those the machine could have done.

    Chowdhery et al. 2022, "PaLM", arXiv:2204.02311, appendix B: observed throughput over the one at peak;
    there the peak is the maker's, here it is measured. `counts` and `seconds` are of the same phase.
    """
    return Utilisation(counts.flops / seconds / roof.flops_per_s, roof.arithmetic)


def mbu(counts: Counts, seconds: float, roof: Roof) -> Utilisation:
    """Model bandwidth utilisation: the bytes that must move over those the machine could have moved.

    (Weights + cache) / time / bandwidth: Agarwal et al. 2023, "LLM inference performance engineering: best
    practices" (Databricks), which names it. The bandwidth there is the maker's, here it is measured.
    """
    return Utilisation(counts.moved / seconds / roof.bytes_per_s, roof.memory)


def least_seconds(counts: Counts, roof: Roof) -> float:
    """The time at the roof: what the scarcer of arithmetic and memory takes, the other hidden behind it.

    Williams, Waterman and Patterson 2009, "Roofline", Communications of the ACM 52(4): attainable rate =
    min(peak arithmetic, bandwidth × intensity).
    """
    return max(counts.flops / roof.flops_per_s, counts.moved / roof.bytes_per_s)
