"""Recurrent layers: the state that one keeps of a sequence, whatever its length.

Each row names the fields by which a configuration is known to have such layers, and gives the elements of
their state. A causal convolution of width w sees the w - 1 columns before the token it is at; the library
keeps w, the token's own included.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class State:
    """What one layer keeps of one sequence, in elements."""

    recurrent: int
    channels: int = 0
    """Of the causal convolution before it."""
    width: int = 1
    """Of that convolution."""

    @property
    def elements(self) -> int:
        """The recurrence's state and the convolution's past."""
        return self.recurrent + self.channels * (self.width - 1)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A kind of recurrent layer; `fields` are groups of names of which a configuration has one each."""

    fields: tuple[tuple[str, ...], ...]
    state: Callable[..., State]
    """Called with the configuration and the fields' values, in their order."""


def recurrent_state(config: Any) -> State | None:
    """The state of a recurrent layer of this configuration; None where no row knows its fields."""
    for row in RECURRENCES:
        values = [first_of(config, names) for names in row.fields]
        if all(value is not None for value in values):
            return row.state(config, *values)
    return None


def first_of(config: Any, names: tuple[str, ...]) -> Any:
    """The first of these fields that the configuration has a value for; None where it has none."""
    return next((found for name in names if (found := getattr(config, name, None)) is not None), None)


def _gated_delta(_: Any, key_heads: int, value_heads: int, key_dim: int, value_dim: int, width: int) -> State:
    """A matrix a value head; S. Yang et al., "Gated delta networks", 2024, arXiv 2412.06464."""
    channels = 2 * key_heads * key_dim + value_heads * value_dim
    return State(value_heads * key_dim * value_dim, channels, width)


def _kimi_delta(_: Any, heads: int, dim: int, width: int) -> State:
    """As the gated delta rule, of square heads; Kimi Team, "Kimi Linear", 2025, arXiv 2510.26692."""
    return State(heads * dim * dim, 3 * heads * dim, width)


def _state_space_dual(config: Any, heads: int, groups: int, states: int, width: int) -> State:
    """A state a channel, B and C convolved too; Dao and Gu, "Mamba-2", 2024, arXiv 2405.21060."""
    inner = first_of(config, ("mamba_d_ssm",))
    if inner is None:
        size = first_of(config, ("mamba_head_dim", "mamba_d_head", "mamba_headdim", "head_dim"))
        expand = first_of(config, ("mamba_expand", "expand"))
        inner = heads * size if isinstance(size, int) else expand * config.hidden_size
    return State(inner * states, inner + 2 * groups * states, width)


def _selective_scan(config: Any, states: int, width: int) -> State:
    """A state a channel; Gu and Dao, "Mamba", 2023, arXiv 2312.00752, section 3.4."""
    inner = first_of(config, ("intermediate_size",)) if hasattr(config, "state_size") else None
    inner = inner or config.mamba_expand * config.hidden_size
    return State(inner * states, inner, width)


def _short_convolution(config: Any, width: int) -> State:
    """No recurrence beyond the convolution itself; Liquid AI's LFM2, 2025, arXiv 2511.23404."""
    return State(0, config.hidden_size, width)


def _lightning(config: Any, *_: Any) -> State:
    """The sum of keys times values, a square a head; MiniMax-01, 2025, arXiv 2501.08313, section 2.2."""
    dim = first_of(config, ("head_dim",)) or config.hidden_size // config.num_attention_heads
    return State(config.num_attention_heads * dim * dim)


def _gated_unit(config: Any, width: int) -> State:
    """A real-gated linear unit a channel; De et al., "Griffin", 2024, arXiv 2402.19427."""
    channels = first_of(config, ("lru_width",)) or config.hidden_size
    return State(channels, channels, width)


def _time_mixing(config: Any, channels: int, _: Any) -> State:
    """Two shifted inputs; the sum, its weight and maximum; Peng et al., "RWKV", 2023, arXiv 2305.13048."""
    return State(2 * config.hidden_size + 3 * channels)


WIDTH = ("mamba_d_conv", "conv_kernel")
STATES = ("mamba_d_state", "ssm_state_size", "state_size")
RECURRENCES = (
    Recurrence(
        (
            ("linear_num_key_heads",),
            ("linear_num_value_heads",),
            ("linear_key_head_dim",),
            ("linear_value_head_dim",),
            ("linear_conv_kernel_dim",),
        ),
        _gated_delta,
    ),
    Recurrence((("linear_num_heads",), ("linear_head_dim",), ("linear_conv_kernel_dim",)), _kimi_delta),
    Recurrence((("num_attention_heads",), ("head_dim",), ("short_conv_kernel_size",)), _kimi_delta),
    Recurrence(
        (
            ("mamba_num_heads", "mamba_n_heads", "n_mamba_heads", "num_heads"),
            ("mamba_n_groups", "mamba_ngroups", "n_groups"),
            STATES,
            WIDTH,
        ),
        _state_space_dual,
    ),
    Recurrence((STATES, WIDTH), _selective_scan),
    Recurrence((("conv_L_cache",),), _short_convolution),
    Recurrence((("linear_attn_alpha_factor",),), _lightning),
    Recurrence((("conv1d_width",),), _gated_unit),
    Recurrence((("attention_hidden_size",), ("rescale_every",)), _time_mixing),
)
"""The kinds the library has, those with more fields first: Mamba 2 has all of Mamba's."""
