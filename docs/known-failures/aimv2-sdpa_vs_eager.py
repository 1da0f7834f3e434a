"""With sdpa the text tower is not causal (deviation 1.4): Aimv2Attention sets is_causal = False, and create_causal_mask returns no mask where nothing is padded, leaving it to that flag."""

import torch
from transformers import Aimv2TextConfig, Aimv2TextModel
c = Aimv2TextConfig(num_hidden_layers=1)
m = Aimv2TextModel(c).eval()
ids = torch.arange(1, 9)[None]
out = []
for kind in ('eager', 'sdpa'):
    m.set_attn_implementation(kind)
    out.append(m(ids, attention_mask=torch.ones_like(ids)).last_hidden_state)
diff = (out[0] - out[1]).abs().max().item()
assert diff < 1e-4, diff
