"""In bfloat16 forward raises 'mat1 and mat2 must have the same dtype': MraSelfAttention computes in float32 (mra2_attention takes q, k and v as float) and hands the float32 context on to a linear layer in bfloat16."""

import torch
from transformers import MraConfig, MraModel
config = MraConfig(vocab_size=64, hidden_size=64, num_hidden_layers=1, num_attention_heads=4, intermediate_size=64, max_position_embeddings=64)
MraModel(config).eval().to(torch.bfloat16)(input_ids=torch.arange(2, 26)[None])
