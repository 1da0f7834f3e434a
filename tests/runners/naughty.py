"""Models that do what no model should once they are asked to run forward, for the real suite to run.

The tests put this file beside the suite's functional tests as their `conftest.py`: importing it registers the
models with the library, as anybody's own models would be.
"""

# mypy: disallow-subclassing-any=false
import ctypes
import mmap
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput


def behaves() -> None:
    """A neighbour, whose results must not suffer."""


def segfaults() -> None:
    ctypes.string_at(0)


def aborts() -> None:
    os.abort()


def leaves() -> None:
    os._exit(0)


def hangs() -> None:
    while True:
        time.sleep(3600)


def hoards() -> None:
    hoard = []
    while True:
        hoard.append(torch.ones(1 << 22))


def hoards_unseen() -> None:
    """Shared memory is not the process's own: no limit but the container's stops it."""
    hoard = []
    while True:
        hoard.append(mmap.mmap(-1, 1 << 26))
        hoard[-1].write(b"x" * (1 << 26))


def its_child_hoards() -> None:
    """The kernel kills the child, and the model goes on as if nothing had been."""
    if (child := os.fork()) == 0:
        hoards_unseen()
    os.waitpid(child, 0)


def kills_its_parent_s_group() -> None:
    os.killpg(os.getpgid(os.getppid()), signal.SIGKILL)
    time.sleep(60)


DEEDS: tuple[Callable[[], None], ...] = (
    behaves, segfaults, aborts, leaves, hangs, hoards, hoards_unseen, its_child_hoards,
    kills_its_parent_s_group,
)  # fmt: skip


def register(deed: Callable[[], None]) -> None:
    """Make the deed a model type of the library's, with a model class of the same name."""

    class Config(PreTrainedConfig):
        model_type = deed.__name__
        hidden_size: int = 64
        vocab_size: int = 256

    class Model(PreTrainedModel):
        config_class = Config
        base_model_prefix = "model"

        def __init__(self, config: Config) -> None:
            super().__init__(config)
            self.embedding = torch.nn.Embedding(config.vocab_size, config.hidden_size)
            self.post_init()

        def forward(self, input_ids: torch.Tensor | None = None, **_: Any) -> BaseModelOutput:
            deed()
            return BaseModelOutput(last_hidden_state=self.embedding(input_ids))

    Model.__name__ = Model.__qualname__ = f"{deed.__name__}_model"
    AutoConfig.register(deed.__name__, Config)
    AutoModel.register(Config, Model)


for each in DEEDS:
    register(each)
