"""ProphetNetNgramSelfAttention.get_predict_relative_pos_embeddings orders the scores of relative positions by (row, token, stream, head) (permute(0, 2, 1, 4, 3)) and the buckets they are gathered with by (stream, row, head, token): past one token each gets another's, so that logits depend on what follows: on padding, 0.68."""

import torch
import transformers as t

torch.manual_seed(0)
c = t.ProphetNetConfig(vocab_size=99, hidden_size=32, num_encoder_layers=1, num_decoder_layers=1, num_encoder_attention_heads=4, num_decoder_attention_heads=4, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=64)
c.is_decoder, c.is_encoder_decoder, c.add_cross_attention = True, False, False
m = t.ProphetNetForCausalLM(c)
m = m.eval()
with torch.no_grad():
    for p in m.parameters():
        p.add_(torch.rand_like(p) * 0.4 - 0.2)
ids = torch.randint(4, 99, (1, 8))
pads = torch.randint(4, 99, (1, 3))
with torch.no_grad():
    plain = m(ids, use_cache=False).logits
    seen = m(torch.cat([ids, pads], 1), use_cache=False).logits[:, :8]
deviation = (seen - plain).abs().max()
print("deviation", float(deviation))
assert deviation < 1e-3
