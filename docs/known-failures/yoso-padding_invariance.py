"""YosoSelfAttention expects an additive mask of 0 and -10000 (attention_mask = 1.0 + attention_mask / 10000.0, cast to int), and YosoModel gives it the mask of ones and zeros: both become 1, and nothing is masked (0.06 to 0.12)."""

import torch
import transformers as t

torch.manual_seed(0)
c = t.YosoConfig(vocab_size=99, hidden_size=32, num_hidden_layers=1, num_attention_heads=4, intermediate_size=32)
m = t.YosoModel(c)
m = m.eval()
with torch.no_grad():
    for p in m.parameters():
        p.add_(torch.rand_like(p) * 0.4 - 0.2)
ids = torch.randint(2, 99, (1, 8))
pads = torch.randint(2, 99, (1, 3))
mask = torch.tensor([[1] * 8 + [0] * 3])
with torch.no_grad():
    plain = m(ids, attention_mask=mask[:, :8]).last_hidden_state
    seen = m(torch.cat([ids, pads], 1), attention_mask=mask).last_hidden_state[:, :8]
deviation = (seen - plain).abs().max()
print("deviation", float(deviation))
assert deviation < 1e-3
