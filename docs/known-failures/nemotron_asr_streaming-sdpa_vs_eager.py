"""Relative attention fills scores where attention_mask.logical_not() with -inf; for eager the mask is additive (0 where allowed), so that what is allowed is masked: every frame is NaN, where sdpa's boolean mask gives finite ones."""

import torch, transformers as t
c=t.AutoConfig.for_model('nemotron_asr_streaming_encoder',num_hidden_layers=1)
m=t.AutoModel.from_config(c,attn_implementation='eager').eval()
with torch.no_grad():
    finite = m(input_features=torch.randn(1,64,c.num_mel_bins)).last_hidden_state.isfinite().all()
print(finite)
assert finite
