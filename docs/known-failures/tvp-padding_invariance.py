"""A batch of more than one raises RuntimeError: TvpVisualInputEmbedding.add_2d_positional_embeddings views the column embeddings of one row as (batch, 1, width, hidden)."""

import torch
from transformers import ResNetConfig, TvpConfig, TvpModel
c = TvpConfig(backbone_config=ResNetConfig(embedding_size=8, hidden_sizes=[8]*4, depths=[1]*4), hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=4, vocab_size=99, max_img_size=64, visual_prompt_size=4, num_frames=2)
TvpModel(c).eval()(input_ids=torch.ones(2, 4, dtype=torch.long), pixel_values=torch.rand(2, 2, 3, 64, 64), attention_mask=torch.ones(2, 4))
