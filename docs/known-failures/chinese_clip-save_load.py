"""_init_weights of ChineseCLIPTextEmbeddings sets the padding row of the loaded table to 0 by init.zeros_(embedding.weight[embedding.padding_idx]): the slice does not carry the flag that says it was loaded (modeling_utils.py guards the same line by _is_hf_initialized)."""

import tempfile, torch
from transformers import ChineseCLIPConfig, ChineseCLIPModel
small = dict(hidden_size=32, num_attention_heads=2, num_hidden_layers=1, intermediate_size=32)
config = ChineseCLIPConfig(text_config=small | dict(vocab_size=64), vision_config=small | dict(image_size=32, patch_size=8))
model = ChineseCLIPModel(config)
model.text_model.embeddings.word_embeddings.weight.data[0] = 1.0
with tempfile.TemporaryDirectory() as folder:
    model.save_pretrained(folder)
    loaded = ChineseCLIPModel.from_pretrained(folder)
row = loaded.text_model.embeddings.word_embeddings.weight[0]
print(row.unique())
assert (row == 1).all()
