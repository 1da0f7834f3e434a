"""ProphetNetNgramSelfAttention.get_predict_relative_pos_embeddings orders the scores of relative positions by (row, token, stream, head) (permute(0, 2, 1, 4, 3)) and the buckets they are gathered with by (stream, row, head, token): past one token each gets another's, so that logits differ from those of one token at a time with a cache (0.4 to 0.49)."""

import torch
import transformers as t

torch.manual_seed(0)
c = t.ProphetNetConfig(vocab_size=99, hidden_size=32, num_encoder_layers=1, num_decoder_layers=1, num_encoder_attention_heads=4, num_decoder_attention_heads=4, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=64)
m = t.ProphetNetForConditionalGeneration(c)
m = m.eval()
with torch.no_grad():
    for p in m.parameters():
        p.add_(torch.rand_like(p) * 0.4 - 0.2)
ids = torch.randint(4, 99, (1, 8))
text = torch.randint(4, 99, (1, 5))
with torch.no_grad():
    full = m(text, decoder_input_ids=ids, use_cache=False).logits[:, -1]
    cache = m(text, decoder_input_ids=ids[:, :-1], use_cache=True).past_key_values
    step = m(text, decoder_input_ids=ids[:, -1:], past_key_values=cache, use_cache=True).logits[:, -1]
deviation = (step - full).abs().max()
print("deviation", float(deviation))
assert deviation < 1e-3
