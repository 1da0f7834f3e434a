"""Generate raises unless num_return_sequences is named (see its check generate); where it is, prepare_inputs_for_generation cuts the prompt to its last token as soon as there is a cache, which at the first step is there and empty: the prompt is lost, and logits differ by 0.96 from decoding without a cache."""

import torch
import transformers as t

torch.manual_seed(0)
c = t.MusicgenDecoderConfig(vocab_size=64, hidden_size=32, num_hidden_layers=1, ffn_dim=32, num_attention_heads=4, pad_token_id=64, bos_token_id=64)
m = t.MusicgenForCausalLM(c).eval()
ids = torch.randint(64, (4, 8))
seen = []
m.model.register_forward_pre_hook(lambda _, args: seen.append(args[0].shape[1]))
for use_cache in (True, False):
    m.generate(ids, max_new_tokens=8, do_sample=False, decoder_start_token_id=64, num_return_sequences=1, use_cache=use_cache)
print("tokens read at the first step, with the cache and without:", seen[0], seen[len(seen) // 2])
assert seen[0] == seen[len(seen) // 2]
