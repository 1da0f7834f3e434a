"""Without torchvision the depth-estimation pipeline ends in NameError: name 'tvF' is not defined: the PIL image processor's post_process_depth_estimation resizes with torchvision (image_processing_pil_zoedepth.py:314), which it imports only where it is there."""

import torch
from types import SimpleNamespace
from transformers.models.zoedepth.image_processing_pil_zoedepth import ZoeDepthImageProcessorPil
out = SimpleNamespace(predicted_depth=torch.rand(1, 32, 32))
ZoeDepthImageProcessorPil().post_process_depth_estimation(out, source_sizes=[(32, 32)])
