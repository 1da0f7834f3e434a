"""With a cache BltModel.forward cuts the new bytes alone into patches, and the global transformer has no cache (past_key_values=None, positions from 0), so it does not see the patches before: logits are off by up to 1.8 of their largest value from decoding without a cache."""

import torch
from transformers import BltConfig, BltForCausalLM
torch.manual_seed(0)
small = dict(hidden_size=64, num_attention_heads=4, num_hidden_layers=2, intermediate_size=64)
config = BltConfig(encoder_config=small | dict(hidden_size_global=64), decoder_config=small | dict(hidden_size_global=64),
                   global_config=small, patcher_config=small, encoder_hash_byte_group_vocab=256, num_hidden_layers=2)
model = BltForCausalLM(config).eval()
for p in model.parameters(): torch.nn.init.normal_(p, std=0.2)
ids = torch.randint(8, 250, (1, 24))
padded = torch.cat([torch.full((1, 5), 4), ids], 1)
mask = torch.cat([torch.zeros(1, 5, dtype=torch.long), torch.ones_like(ids)], 1)
with torch.no_grad():
    a = model(ids, use_cache=False).logits
    b = model(padded, attention_mask=mask, position_ids=(mask.cumsum(-1) - 1).clamp(min=0), use_cache=False).logits[:, 5:]
    print("padding:", ((a - b).abs().max() / a.abs().max()).item())
    out = model(ids[:, :-1], use_cache=True)
    c = model(ids[:, -1:], past_key_values=out.past_key_values, use_cache=True).logits[:, -1]
off = ((a[:, -1] - c).abs().max() / a.abs().max()).item()
print("cache:", off)
assert off < 1e-4
