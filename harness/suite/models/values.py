"""Random values for weights at full width: made once, tiled over all of them by every thread.

Zeros would run faster on some hardware, and constants everywhere could be exploited. Where copying is the
limit, tiling a block that stays in the cache writes faster than a copy reads and writes. Memory touched for
the first time costs the kernel's page faults on top, which the threads share too; it is left in pages of the
usual size, because a model that people load is.
"""

import functools
import math

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

FILL_BLOCK = (1 << 22) - 3
"""Elements of the random block. It is a prime, so that no two rows of a matrix are equal."""
STEP = 2_654_435_769
"""Where a tensor begins in the block: its number times 2³² over the golden ratio (D. Knuth, The Art of
Computer Programming 3, section 6.4), so that tensors of one shape, queries and keys, differ."""
VECTOR = 0.01
"""Amplitude of vectors, biases above all."""
SCALED = 8
"""Blocks kept at an amplitude and dtype: a model has few widths."""


def fan_in(parameter: torch.Tensor) -> int:
    """Inputs that one output of the weight sums over: all dimensions but the first."""
    return max(1, parameter.numel() // parameter.shape[0]) if parameter.dim() > 1 else 1


@torch.no_grad()
def fill(model: nn.Module, seed: int) -> None:
    """Give each parameter values that keep activations finite: matrices of variance 1/fan_in, norms 1.

    With that variance a matrix keeps the size of what it is applied to (Y. LeCun et al., "Efficient
    BackProp", 1998, section 4.6); the norms' ones let it through. Experts' matrices, stacked in one tensor,
    are each a matrix: whichever way round, the larger side is taken.
    """
    block = torch.rand(FILL_BLOCK, generator=torch.Generator().manual_seed(seed)).mul_(2).sub_(1)

    @functools.lru_cache(maxsize=SCALED)
    def scaled(amplitude: float, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
        return block.mul(amplitude).to(dtype).to(device)

    done: set[int] = set()
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if id(parameter) in done:  # tied
                continue
            done.add(id(parameter))
            if _is_norm(module, name, parameter):
                parameter.fill_(1.0)
                continue
            size, (amplitude, start) = parameter.numel(), (_amplitude(module, parameter), len(done) * STEP)
            if size < FILL_BLOCK:
                start %= FILL_BLOCK - size
                parameter.copy_(block[start : start + size].mul(amplitude).view(parameter.shape))
            else:
                whole = scaled(amplitude, parameter.dtype, parameter.device)
                _tile(parameter.view(-1), whole, start % FILL_BLOCK)


def _is_norm(module: nn.Module, name: str, parameter: torch.Tensor) -> bool:
    named = "norm" in f"{type(module).__name__}.{name}".lower()
    return parameter.dim() == 1 and named and name.endswith("weight")


def _amplitude(module: nn.Module, parameter: torch.Tensor) -> float:
    """Of uniform values: their variance is a third of its square."""
    if parameter.dim() < 2:
        return VECTOR
    stacked = parameter.dim() > 2 and not isinstance(module, _ConvNd)
    return math.sqrt(3 / (max(parameter.shape[-2:]) if stacked else fan_in(parameter)))


def _tile(flat: torch.Tensor, block: torch.Tensor, start: int) -> None:
    """The block over and over, from `start` of it on."""
    head, size = block.numel() - start, block.numel()
    flat[:head].copy_(block[start:])
    times, tail = divmod(flat.numel() - head, size)
    flat[head : flat.numel() - tail].view(times, size).copy_(block.expand(times, -1))
    flat[flat.numel() - tail :].copy_(block[:tail])
