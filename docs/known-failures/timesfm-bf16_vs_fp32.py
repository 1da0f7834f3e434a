"""TimesFmPositionalEmbedding makes a float32 signal that is shifted and added to the states, so that the next linear layer gets float32 beside bfloat16 weights."""

import torch, transformers as t
m=t.TimesFmModel(t.TimesFmConfig(num_hidden_layers=1)).bfloat16()
m(past_values=torch.rand(1,64).bfloat16(),past_values_padding=torch.zeros(1,64,dtype=torch.long),freq=torch.zeros(1,1,dtype=torch.long))
