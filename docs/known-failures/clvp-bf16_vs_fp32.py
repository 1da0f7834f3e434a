"""ClvpRotaryPositionalEmbedding keeps the embedding of the last length as a plain attribute (cached_rotary_positional_embedding) without regard to its dtype: a model that ran in float32 and is then cast to bfloat16 raises at the same length (mat1 and mat2 must have the same dtype)."""

import torch
from transformers import ClvpConfig, ClvpModelForConditionalGeneration
m = ClvpModelForConditionalGeneration(ClvpConfig(speech_config=dict(vocab_size=8194))).eval()
x = dict(input_ids=torch.ones(1, 8, dtype=torch.long), input_features=torch.rand(1, 80, 16))
m(**x)
x['input_features'] = x['input_features'].bfloat16()
m.bfloat16()(**x)
