"""Bytes that weights take in a format: bits a weight, and the scales that a quantised one has beside."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """How a weight is stored."""

    bits: int
    scale_bits: int = 0
    """Of the scale, and of the zero point beside it, that a group shares."""
    group: int | None = None
    """Weights that share a scale; None where a row (an output channel) does."""
    rest_bits: int = 0
    """Of what is not quantised (embeddings, head, vectors); 0 where everything is stored alike."""
    source: str = ""

    def bytes(self, matrices: float, rows: float, rest: float) -> int:
        """Bytes of weights, scales included; whole groups, though not whole ones a matrix.

        `matrices` are what quantisation applies to, `rows` their output channels, `rest` all other weights.
        """
        scales = rows if self.group is None else -(-matrices // self.group)
        bits = matrices * self.bits + scales * self.scale_bits + rest * (self.rest_bits or self.bits)
        return int(-(-bits // 8))


FORMATS = {
    "float32": Format(32, source="IEEE 754 binary32"),
    "bfloat16": Format(16, source="the upper half of binary32"),
    "float16": Format(16, source="IEEE 754 binary16"),
    "float8": Format(
        8,
        scale_bits=32,
        group=128 * 128,
        rest_bits=16,
        source="DeepSeek-V3 (arXiv 2412.19437), section 3.3: E4M3, a float32 scale a block of 128 x 128",
    ),
    "int8": Format(
        8,
        scale_bits=32,
        rest_bits=16,
        source="LLM.int8() (arXiv 2208.07339) as bitsandbytes stores it: a float32 absolute maximum a row",
    ),
    "int4": Format(
        4,
        scale_bits=16 + 4,
        group=128,
        rest_bits=16,
        source="AWQ (arXiv 2306.00978), GPTQ (arXiv 2210.17323): float16 scale, 4-bit zero a 128 weights",
    ),
}
