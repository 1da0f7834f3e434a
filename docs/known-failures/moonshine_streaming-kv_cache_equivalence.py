"""The decoder adds its position embeddings to the encoder's states in place (encoder_hidden_states += position_embeddings), so that each further step without a cache adds them again: logits differ by 0.22."""

import torch, transformers as t
c=t.MoonshineStreamingConfig(num_key_value_heads=8,num_hidden_layers=1,vocab_size=64)
torch.manual_seed(0); d=t.models.moonshine_streaming.modeling_moonshine_streaming.MoonshineStreamingDecoder(c).eval(); e=torch.randn(1,8,320)
with torch.no_grad():
    a,b=(d(input_ids=torch.ones(1,2,dtype=torch.long),encoder_hidden_states=e,use_cache=False).last_hidden_state for _ in range(2))
off = (a-b).abs().max()
print(off)
assert off < 1e-4
