"""The three tables of relative positions (encoder.rel_pos_bias, rel_pos_x_bias, rel_pos_y_bias) are read under torch.no_grad in LayoutLMv3Encoder (lines 426 and 450), for speed: they are never trained."""

from transformers import LayoutLMv3Config, LayoutLMv3Model
import torch
m = LayoutLMv3Model(LayoutLMv3Config(num_hidden_layers=1))
m(input_ids=torch.ones(1, 4, dtype=torch.long)).last_hidden_state.sum().backward()
idle = [n for n, p in m.named_parameters() if p.grad is None]
print(idle)
assert not idle
