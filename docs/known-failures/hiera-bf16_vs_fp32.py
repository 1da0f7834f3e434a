"""In bfloat16 forward raises 'Input type (float) and bias type (c10::BFloat16)': HieraPatchEmbeddings.masked_conv multiplies the pixels with bool_masked_pos.float(), so the convolution gets float32."""

import torch
from transformers import HieraConfig, HieraForPreTraining
c = HieraConfig(embed_dim=16, image_size=[64, 64], depths=[1, 1, 1, 1], decoder_hidden_size=64, decoder_depth=1, decoder_num_heads=4)
HieraForPreTraining(c).bfloat16()(torch.zeros(1, 3, 64, 64, dtype=torch.bfloat16))
