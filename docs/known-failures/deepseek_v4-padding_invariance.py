"""The compressors (DeepseekV4HCACompressor and its kin) pool windows of tokens counted from the start of the row and are not given the attention mask: left padding enters the compressed keys that real tokens attend to (0.88)."""

import torch
import transformers as t

torch.manual_seed(0)
c = t.DeepseekV4Config(vocab_size=99, hidden_size=64, moe_intermediate_size=32, num_hidden_layers=1, num_attention_heads=4, head_dim=16, q_lora_rank=16, num_experts_per_tok=2, n_routed_experts=4, o_groups=4, o_lora_rank=16, index_n_heads=4, index_head_dim=16, layer_types=["heavily_compressed_attention"], mlp_layer_types=["moe"], compress_rates={"compressed_sparse_attention": 4, "heavily_compressed_attention": 4}, max_position_embeddings=64)
m = t.DeepseekV4ForCausalLM(c)
m = m.eval()
with torch.no_grad():
    for p in m.parameters():
        p.add_(torch.rand_like(p) * 0.4 - 0.2)
ids = torch.randint(2, 99, (1, 12))
mask = torch.tensor([[0] * 4 + [1] * 12])


def logits(pads):
    named = dict(attention_mask=mask, position_ids=(mask.cumsum(1) - 1).clamp(min=0), use_cache=False)
    with torch.no_grad():
        return m(torch.cat([pads, ids], 1), **named).logits[:, 4:]


deviation = (logits(torch.full((1, 4), 7)) - logits(torch.full((1, 4), 50))).abs().max()
print("deviation", float(deviation))
assert deviation < 1e-3
