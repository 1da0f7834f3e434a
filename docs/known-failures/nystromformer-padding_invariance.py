"""NystromformerSelfAttention convolves the values without the attention mask (modeling_nystromformer.py, self.conv(value_layer)), which the original multiplies by it: padding reaches real tokens up to 32 places away (0.3 to 0.6)."""

import torch
import transformers as t

torch.manual_seed(0)
c = t.NystromformerConfig(vocab_size=99, hidden_size=32, num_hidden_layers=1, num_attention_heads=4, intermediate_size=32)
m = t.NystromformerModel(c)
m = m.eval()
with torch.no_grad():
    for p in m.parameters():
        p.add_(torch.rand_like(p) * 0.4 - 0.2)
ids = torch.randint(1, 99, (1, 8))
pads = torch.randint(1, 99, (1, 3))
mask = torch.tensor([[1] * 8 + [0] * 3])
with torch.no_grad():
    plain = m(ids, attention_mask=mask[:, :8]).last_hidden_state
    seen = m(torch.cat([ids, pads], 1), attention_mask=mask).last_hidden_state[:, :8]
deviation = (seen - plain).abs().max()
print("deviation", float(deviation))
assert deviation < 1e-3
