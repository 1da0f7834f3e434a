"""_get_second_stage_fine_matching takes spatial_expectation2d(heatmap, True)[0] (modeling_efficientloftr.py, line 1178), the offsets of the first pair of images, and adds them to the keypoints of every pair: keypoints of the second pair are off by 2e-4 of their largest value, in float64 too."""

import torch
from transformers import EfficientLoFTRConfig, EfficientLoFTRForKeypointMatching

torch.manual_seed(0)
config = EfficientLoFTRConfig(stage_num_blocks=[1, 1, 1, 1], num_attention_layers=1, fine_matching_regress_temperature=1e-4)
model = EfficientLoFTRForKeypointMatching(config).eval()
with torch.no_grad():
    for p in model.parameters():
        if p.dim() > 1:
            p.uniform_(-0.3, 0.3)
    pairs = torch.rand(2, 2, 3, 64, 64)
    together, alone = model(pairs).keypoints[1], model(pairs[1:]).keypoints[0]
difference = (together - alone).abs().max().item()
assert difference < 1e-6, difference
