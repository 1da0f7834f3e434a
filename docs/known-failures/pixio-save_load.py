"""Saved and loaded again, 4 tensors change, first pixio.layernorm.weight: the backbone has a layernorm beside its base model's, and loading puts one name in the other's place."""

import torch
import tempfile
from transformers import PixioConfig, PixioBackbone
m = PixioBackbone(PixioConfig(num_hidden_layers=1, hidden_size=64, num_attention_heads=4, image_size=32, patch_size=8))
with torch.no_grad():
    for p in m.parameters(): p.add_(torch.rand_like(p))
with tempfile.TemporaryDirectory() as d:
    m.save_pretrained(d)
    n = PixioBackbone.from_pretrained(d)
bad = [k for k, v in m.state_dict().items() if not torch.equal(v, n.state_dict()[k])]
assert not bad, bad
