"""RecurrentGemmaRecurrentBlock.forward takes the attention mask and does not use it: its convolution over four tokens reads left padding into the first real ones (0.78), though the recurrence itself is reset at position 0; with the padding zeroed before the convolution the deviation is 2e-7."""

import torch
import transformers as t

torch.manual_seed(0)
c = t.RecurrentGemmaConfig(vocab_size=99, hidden_size=32, lru_width=32, num_hidden_layers=1, num_attention_heads=4, head_dim=8, intermediate_size=64, block_types=["recurrent"])
m = t.RecurrentGemmaForCausalLM(c)
m = m.eval()
with torch.no_grad():
    for p in m.parameters():
        p.add_(torch.rand_like(p) * 0.4 - 0.2)
ids = torch.randint(1, 99, (1, 8))
pads = torch.randint(1, 99, (1, 3))
mask = torch.tensor([[0] * 3 + [1] * 8])
with torch.no_grad():
    plain = m(ids, use_cache=False).logits
    seen = m(torch.cat([pads, ids], 1), attention_mask=mask, position_ids=(mask.cumsum(1) - 1).clamp(min=0), use_cache=False).logits[:, 3:]
deviation = (seen - plain).abs().max()
print("deviation", float(deviation))
assert deviation < 1e-3
