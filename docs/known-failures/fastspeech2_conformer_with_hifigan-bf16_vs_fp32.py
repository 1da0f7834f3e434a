"""Length_regulator (modeling_fastspeech2_conformer.py) collects the repeated states in a tensor of dtype torch.float, whatever theirs is; the decoder's convolution then raises in bfloat16."""

import torch
from transformers import FastSpeech2ConformerConfig, FastSpeech2ConformerModel
m = FastSpeech2ConformerModel(FastSpeech2ConformerConfig()).eval().bfloat16()
m(input_ids=torch.ones(1, 8, dtype=torch.long))
