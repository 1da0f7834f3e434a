"""Generate of its own leaves out the step that fills in the generation configuration's defaults, so that num_return_sequences is None: TypeError in repeat_interleave, unless the caller names it."""

import torch
import transformers as t

torch.manual_seed(0)
c = t.MusicgenDecoderConfig(vocab_size=64, hidden_size=32, num_hidden_layers=1, ffn_dim=32, num_attention_heads=4, pad_token_id=64, bos_token_id=64)
m = t.MusicgenForCausalLM(c).eval()
ids = torch.randint(64, (4, 3))
given = dict(max_new_tokens=8, do_sample=False, decoder_start_token_id=64)
print("one sequence asked for:", tuple(m.generate(ids, num_return_sequences=1, **given).shape))
m.generate(ids, **given)
