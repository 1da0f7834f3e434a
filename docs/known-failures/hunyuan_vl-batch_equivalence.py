"""HunYuanVLModel.get_rope_index counts image_index over the whole batch, where its own documentation says the ordinal within the input sequence: the second row's image gets rotary position 1 in a batch and 0 alone, outputs differ by 0.025 of their largest value."""

import torch
from transformers import HunYuanVLConfig, HunYuanVLModel
small = dict(hidden_size=64, num_attention_heads=4, num_hidden_layers=2, intermediate_size=64)
config = HunYuanVLConfig(
    text_config=small | dict(head_dim=16, vocab_size=128, rope_parameters={"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 2, 2, 2]}),
    vision_config=small, image_token_id=120)
model = HunYuanVLModel(config).eval()
ids = torch.tensor([[5] + [120] * 8 + [6, 7]])
types = (ids == 120).int()
grid = torch.tensor([[1, 4, 4]])
one, _ = model.get_rope_index(ids, types, grid)
two, _ = model.get_rope_index(ids.repeat(2, 1), types.repeat(2, 1), grid.repeat(2, 1))
print(one[:, 0].equal(two[:, 0]), one[:, 0].equal(two[:, 1]))
assert one[:, 0].equal(two[:, 1])  # the image's ordinal counts over the batch
