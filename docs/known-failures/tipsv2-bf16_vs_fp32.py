"""In bfloat16 Tipsv2Model.forward raises where it is given a mask: the text's embeddings are float32 by then (the mask's sum plus pooling_epsilon is, and divides them), the image's bfloat16, and line 1118 multiplies them."""

import torch
from transformers import Tipsv2Config, Tipsv2Model

part = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
config = Tipsv2Config(
    text_config={**part, "vocab_size": 64}, vision_config={**part, "image_size": 28, "patch_size": 14}
)
model = Tipsv2Model(config).to(torch.bfloat16).eval()
ids = torch.ones(1, 4, dtype=torch.long)
print("without a mask:", model.text_model(input_ids=ids).pooler_output.dtype)
print("with one:", model.text_model(input_ids=ids, attention_mask=ids).pooler_output.dtype)
model(input_ids=ids, attention_mask=ids, pixel_values=torch.rand(1, 3, 28, 28).to(torch.bfloat16))
