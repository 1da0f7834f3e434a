"""FunnelPreTrainedModel._init_weights zeroes the padding row of the embedding (init.zeros_(weight[padding_idx]), modeling_funnel.py:704) without asking whether the weight was loaded: from_pretrained loses a saved row wherever pad_token_id is set."""

import tempfile, torch
from transformers import FunnelConfig, FunnelModel
m = FunnelModel(FunnelConfig(vocab_size=32, block_sizes=[1, 1], d_model=32, n_head=2, d_head=16, d_inner=32, num_decoder_layers=1, pad_token_id=0))
torch.nn.init.ones_(m.embeddings.word_embeddings.weight)
with tempfile.TemporaryDirectory() as d:
    m.save_pretrained(d)
    r = FunnelModel.from_pretrained(d)
row = r.embeddings.word_embeddings.weight[0]
print(row)
assert (row == 1).all()
