"""SDPA: MllamaTextCrossAttention has no is_causal, so without a cross_attention_mask sdpa_attention_forward takes attention to the image as causal: it then depends on the position of the token (relative deviation 0.019)."""

import torch
from transformers import MllamaForCausalLM
from transformers.models.mllama.configuration_mllama import MllamaTextConfig
c = MllamaTextConfig(vocab_size=99, hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, cross_attention_layers=[1], pad_token_id=0, bos_token_id=1, eos_token_id=2)
m = MllamaForCausalLM._from_config(c, attn_implementation='sdpa').eval()
for n, p in m.named_parameters():
    torch.nn.init.normal_(p)
i = torch.randint(3, 99, (1, 6)); s = torch.randn(1, 8, 32)
a = m(input_ids=i, cross_attention_states=s, use_cache=False).logits
m.set_attn_implementation('eager')
off = (a - m(input_ids=i, cross_attention_states=s, use_cache=False).logits).abs().max()
print(off)
assert off < 1e-3
