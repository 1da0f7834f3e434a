"""Arguments that are neither text nor pixels nor sound.

Series, points, states, and rows of data for the rest.
"""

from collections.abc import Callable
from typing import Any

import torch

from harness.suite.models.inputs.context import Context


def past_values(context: Context) -> torch.Tensor:
    """(1, time, variables) or (1, time): a series up to now."""
    config = context.config
    channels: int | None = getattr(config, "num_input_channels", None)
    variables: int = int(channels or getattr(config, "input_size", 1) or 1)
    shape = (_past(context), variables) if channels or variables > 1 else (_past(context),)
    return context.uniform("past_values", 1, *shape)


def _past(context: Context) -> int:
    config = context.config
    return int(config.context_length + max(getattr(config, "lags_sequence", None) or [0]))


def _time_features(context: Context, name: str, length: int) -> torch.Tensor:
    return context.uniform(name, 1, length, max(1, getattr(context.config, "num_time_features", 0) or 1))


MAKERS: dict[str, Callable[[Context], Any]] = {
    "past_values": past_values,
    "past_time_features": lambda c: _time_features(c, "past_time_features", _past(c)),
    "future_time_features": lambda c: _time_features(c, "future_time_features", c.config.prediction_length),
    "future_values": lambda c: (
        c.uniform("future_values", 1, c.config.prediction_length) if c.takes("past_time_features") else None
    ),
    "past_observed_mask": lambda c: (
        torch.ones_like(c.made["past_values"]) if c.needs("past_observed_mask") else None
    ),
}
