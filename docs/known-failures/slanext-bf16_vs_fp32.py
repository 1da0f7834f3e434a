"""In bfloat16 forward raises 'expected m1 and m2 to have the same dtype': the decoding loop starts from float32 zeros and passes hidden_states.float() to cells whose weights are bfloat16."""

import torch
from transformers import SLANeXtConfig, SLANeXtForTableRecognition
SLANeXtForTableRecognition(SLANeXtConfig(max_text_length=2)).eval().bfloat16()(torch.rand(1, 3, 512, 512).bfloat16())
