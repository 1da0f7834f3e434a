"""Without a cache, generate passes encoder_outputs and no input_ids, and FSMTModel.forward builds its causal mask only where input_ids is given (`if not use_cache and input_ids is not None`): decoder tokens see later ones, and the logits are 0.23 off those with the cache."""

import torch
from transformers import FSMTConfig, FSMTForConditionalGeneration
torch.manual_seed(0)
m = FSMTForConditionalGeneration(FSMTConfig(src_vocab_size=64, tgt_vocab_size=64, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, init_std=0.2)).eval()
x = torch.arange(4, 20)[None]
e = m.model.encoder(x)
d = torch.arange(4, 12)[None]
full = m(encoder_outputs=e, decoder_input_ids=d, use_cache=False).logits
short = m(encoder_outputs=e, decoder_input_ids=d[:, :4], use_cache=False).logits
off = (full[:, :4] - short).abs().max()
print(off)
assert off < 1e-4  # as it is where attention is causal
