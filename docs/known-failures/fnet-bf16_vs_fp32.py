"""Its Fourier mixing calls torch.fft on bfloat16, which torch refuses (RuntimeError: Unsupported dtype BFloat16); FNet does not cast to float32 before it."""

import torch
from transformers import FNetConfig, FNetModel
m = FNetModel(FNetConfig(vocab_size=32, hidden_size=32, num_hidden_layers=1, intermediate_size=32)).bfloat16()
m(input_ids=torch.ones(1, 8, dtype=torch.long))
