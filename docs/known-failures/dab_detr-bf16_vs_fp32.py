"""In bfloat16 forward raises 'mat1 and mat2 must have the same dtype': DabDetrSinePositionEmbedding computes in float32 and returns float32, not cast to the features' dtype."""

import torch
from transformers import DabDetrConfig, DabDetrModel, ResNetConfig
c = DabDetrConfig(backbone_config=ResNetConfig(out_features=['stage4']), use_timm_backbone=False)
DabDetrModel(c).eval().bfloat16()(torch.rand(1, 3, 64, 64).bfloat16())
