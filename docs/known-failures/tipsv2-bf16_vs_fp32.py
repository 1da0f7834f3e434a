"""In bfloat16 Tipsv2Model.forward raises: the text's embeddings are float32 by then (a sinusoidal table is added to them), the image's bfloat16, and the two are multiplied (modeling_tipsv2.py:1118)."""

import torch
from transformers import Tipsv2Config, Tipsv2Model

part = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
config = Tipsv2Config(
    text_config={**part, "vocab_size": 64}, vision_config={**part, "image_size": 28, "patch_size": 14}
)
model = Tipsv2Model(config).to(torch.bfloat16).eval()
print(model.text_model(input_ids=torch.ones(1, 4, dtype=torch.long)).pooler_output.dtype)
model(
    input_ids=torch.ones(1, 4, dtype=torch.long),
    pixel_values=torch.rand(1, 3, 28, 28).to(torch.bfloat16),
)
