"""FuyuProcessor makes tensors of its images before it cuts them (processing_fuyu.py, _process_images), and FuyuImageProcessorPil.patchify_image, which stands in where torchvision is not there, transposes with numpy's signature: TypeError: transpose() takes 2 positional arguments but 5 were given."""

import torch
from transformers.models.fuyu.image_processing_pil_fuyu import FuyuImageProcessorPil

processor = FuyuImageProcessorPil(patch_size={"height": 30, "width": 30})
print(processor.patchify_image(torch.zeros(3, 60, 60).numpy()).shape)
processor.patchify_image(torch.zeros(3, 60, 60))  # as FuyuProcessor gives it
