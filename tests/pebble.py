"""A tiny checkpoint that brings code: a decoder whose layers take the mean of what came before."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

CONFIGURATION = """
from transformers import PretrainedConfig


class PebbleConfig(PretrainedConfig):
    model_type = "pebble"

    def __init__(self, vocab_size=1000, hidden_size=512, num_hidden_layers=6, **others):
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        super().__init__(**others)
"""
MODELING = """
import torch
from torch import nn
from transformers import GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

from .configuration_pebble import PebbleConfig


class PebbleForCausalLM(PreTrainedModel, GenerationMixin):
    config_class = PebbleConfig

    def __init__(self, config):
        super().__init__(config)
        width = config.hidden_size
        self.embed = nn.Embedding(config.vocab_size, width)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(config.num_hidden_layers))
        self.head = nn.Linear(width, config.vocab_size)
        self.post_init()

    def get_input_embeddings(self):
        return self.embed

    def forward(self, input_ids=None, attention_mask=None, **others):
        hidden = self.embed(input_ids)
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        weight = mask[..., None].to(hidden.dtype)
        for layer in self.layers:
            mean = (hidden * weight).cumsum(1) / weight.cumsum(1).clamp(min=1)
            hidden = hidden + torch.tanh(layer(mean))
        return CausalLMOutput(logits=self.head(hidden))

    def prepare_inputs_for_generation(self, input_ids, attention_mask=None, **others):
        return {"input_ids": input_ids, "attention_mask": attention_mask}
"""
WATCHED = f"""{MODELING}
# In a container, the fork server's parent is a child of the first process, and its children are not.
import os
with open("/tmp/imported", "a") as file:
    print(os.getppid(), file=file)
if "1" in open("/tmp/imported").read().split():
    raise RuntimeError("imported in the parent")
"""
"""The same, and no cell can pass where the parent has imported it as well."""
CONFIG = {
    "model_type": "pebble",
    "architectures": ["PebbleForCausalLM"],
    "auto_map": {
        "AutoConfig": "configuration_pebble.PebbleConfig",
        "AutoModelForCausalLM": "modeling_pebble.PebbleForCausalLM",
        "AutoTokenizer": ["tokenization_pebble.PebbleTokenizer", None],
    },
    "hidden_size": 256,
    "num_hidden_layers": 4,
    "use_cache": False,
}


def write_pebble(folder: Path, modeling: str = MODELING) -> Path:
    """The checkpoint's folder, written."""
    folder.mkdir()
    (folder / "configuration_pebble.py").write_text(CONFIGURATION)
    (folder / "modeling_pebble.py").write_text(modeling)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    save_file({"head.bias": torch.zeros(3)}, folder / "model.safetensors")
    return folder
