"""In a batch of two the rows' lags are mixed (0.66 of the output): AutoformerAttention repeats the top-k delays with .view(-1,1,1).repeat(num_heads, …), which orders them heads first, while the values are ordered rows first."""

import torch, transformers as t
c=t.AutoformerConfig(prediction_length=4,context_length=8,lags_sequence=[1,2,3],num_time_features=2,label_length=4)
torch.manual_seed(0); m=t.AutoformerModel(c).eval()
k=dict(past_values=torch.randn(2,11),past_time_features=torch.randn(2,11,2),past_observed_mask=torch.ones(2,11),future_values=torch.zeros(2,4),future_time_features=torch.randn(2,4,2))
with torch.no_grad():
    two=m(**k).encoder_last_hidden_state; one=m(**{n:v[:1] for n,v in k.items()}).encoder_last_hidden_state
off = (two[:1]-one).abs().max()
print(off)
assert off < 1e-4
