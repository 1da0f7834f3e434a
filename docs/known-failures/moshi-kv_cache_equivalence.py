"""The mask is create_causal_mask, which sees everything, but the cache made from the configuration keeps the last sliding_window positions only: past the window the logits differ (1.2 at the fifth step)."""

import torch, transformers as t
c=t.MoshiConfig(hidden_size=64,num_hidden_layers=2,num_attention_heads=4,ffn_dim=64,vocab_size=99,sliding_window=8)
torch.manual_seed(0); m=t.MoshiForCausalLM(c).eval(); i=torch.randint(99,(1,24))
with torch.no_grad():
    full=m(i,use_cache=False).logits[:,-1]; p=m(i[:,:-1],use_cache=True).past_key_values; step=m(i[:,-1:],past_key_values=p).logits[:,-1]
off = (full-step).abs().max()
print(off)
assert off < 1e-4
