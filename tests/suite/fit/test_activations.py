"""The estimate of activations against the tensors that are really alive in a prefill."""

import weakref
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from harness.matrix.records import Model
from harness.suite.fit.activations import activations
from harness.suite.models.build import config_class, model_class

BATCH, LENGTH = 2, 64
SMALL = {"num_hidden_layers": 3, "vocab_size": 100}
SHAPES: dict[str, dict[str, Any]] = {
    "llama": {"hidden_size": 256, "intermediate_size": 1024, "num_attention_heads": 8},
    "qwen2": {
        "hidden_size": 256,
        "intermediate_size": 1024,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
    },
    "mistral": {"hidden_size": 256, "intermediate_size": 512, "num_attention_heads": 8},
}


class Watch(TorchDispatchMode):
    """The most bytes of tensors, made while it watches, that were alive at one time."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.weights = {tensor.untyped_storage()._cdata for tensor in (*model.parameters(), *model.buffers())}
        self.alive: dict[int, int] = {}
        self.peak = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, list | tuple) else (out,):
            if isinstance(tensor, torch.Tensor):
                self._see(tensor.untyped_storage())
        self.peak = max(self.peak, sum(self.alive.values()))
        return out

    def _see(self, storage: torch.UntypedStorage) -> None:
        if storage._cdata not in self.alive.keys() | self.weights:
            self.alive[storage._cdata] = storage.nbytes()
            weakref.finalize(storage, self.alive.pop, storage._cdata, None)


@pytest.mark.parametrize("name", SHAPES)
def test_the_estimate_is_near_what_is_alive(rows: dict[str, Model], name: str) -> None:
    config = config_class(rows[name])(**SMALL, **SHAPES[name])
    model: Any = model_class(rows[name])._from_config(config, dtype=torch.float32).eval()  # type: ignore[attr-defined]
    ids = torch.ones(BATCH, LENGTH, dtype=torch.long)
    with torch.no_grad(), Watch(model) as watch:
        model(ids, use_cache=False, logits_to_keep=1)
    estimate = activations(config)
    assert estimate is not None
    assert 4 * estimate.estimate(BATCH, LENGTH) == pytest.approx(watch.peak, rel=0.25)


def test_llama_3_8b_by_hand(rows: dict[str, Model]) -> None:
    """Residual 2 of 4096, and the MLP's 3 of 14336, which are wider than attention's."""
    fields = {
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128256,
    }
    found = activations(config_class(rows["llama"])(**fields))
    assert found is not None
    assert found.per_token == 2 * 4096 + 3 * 14336
    assert found.estimate(1, 1) == 128256
    assert found.estimate(1, 1000) == 1000 * found.per_token
    assert found.estimate(1, 1000, all_logits=True) == 1000 * 128256
    assert found.estimate(1, 1000, eager=True) == 1000 * found.per_token + 2 * 32 * 1000**2


def test_a_model_without_a_width_has_no_estimate(rows: dict[str, Model]) -> None:
    assert activations(config_class(rows["resnet"])()) is None


def test_a_width_a_modality_counts_as_the_widest(rows: dict[str, Model]) -> None:
    found = activations(config_class(rows["ernie4_5_vl_moe"])())
    assert found is not None
    assert found.per_token > 0


def test_a_width_a_layer_counts_as_the_widest(rows: dict[str, Model]) -> None:
    config = config_class(rows["gemma3n_text"])(intermediate_size=[64, 96], num_hidden_layers=2)
    widest = config_class(rows["gemma3n_text"])(intermediate_size=96, num_hidden_layers=2)
    assert activations(config) == activations(widest)
