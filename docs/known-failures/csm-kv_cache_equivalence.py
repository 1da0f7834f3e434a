"""CsmGenerationMixin._sample replaces the prompt by the first frame of codes (generation_csm.py, input_ids = next_tokens[:, None, :]): without a cache the prompt is lost from the second step on, and logits differ by 1.4."""

import torch
import transformers as t

torch.manual_seed(0)
depth = dict(num_codebooks=4, backbone_hidden_size=32, vocab_size=64, max_position_embeddings=5, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=2, head_dim=8)
c = t.CsmConfig(num_codebooks=4, vocab_size=64, text_vocab_size=99, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=2, head_dim=8, depth_decoder_config=depth, codebook_pad_token_id=63, codebook_eos_token_id=0, pad_token_id=2, bos_token_id=1, audio_token_id=98, audio_eos_token_id=97)
m = t.CsmForConditionalGeneration(c)
m = m.eval()
with torch.no_grad():
    for p in m.parameters():
        p.add_(torch.rand_like(p) * 0.4 - 0.2)
seen = []
m.backbone_model.register_forward_pre_hook(lambda _, args, named: seen.append(next(v for k in ("inputs_embeds", "input_ids") if (v := named.get(k)) is not None).shape[1]), with_kwargs=True)
ids = torch.randint(3, 90, (1, 8))
for use_cache in (True, False):
    m.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=3, do_sample=False, use_cache=use_cache)
print("tokens read at each step, with the cache and without:", seen[:3], seen[3:])
assert seen[3:] == [8, 9, 10]
