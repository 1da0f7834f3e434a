"""After a forward in float32 the model cannot run in bfloat16: LevitAttention.get_attention_biases caches the biases by device alone, so a cast (or newly loaded weights) leaves the old ones in use."""

import torch
from transformers import LevitConfig, LevitForImageClassification as Levit
m = Levit(LevitConfig()).eval()
x = torch.rand(1, 3, 224, 224)
with torch.no_grad():
    m(x)
    m.bfloat16()(x.bfloat16())
