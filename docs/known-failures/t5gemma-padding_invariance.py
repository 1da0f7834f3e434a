"""Forward shifts the input for the decoder, which drops its last token, and reads the class one place after the last real token, clamped to the length: in a row without padding that is the place of the token before the last, in a padded row that of the last (0.77)."""

import torch
import transformers as t

torch.manual_seed(0)
def text(**k):
    return dict(vocab_size=99, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=2, head_dim=8, layer_types=["full_attention"], **k)


c = t.T5GemmaConfig(encoder=text(), decoder=text(), vocab_size=99, pad_token_id=0)
m = t.T5GemmaForSequenceClassification(c)
m = m.eval()
with torch.no_grad():
    for p in m.parameters():
        p.add_(torch.rand_like(p) * 0.4 - 0.2)
ids = torch.randint(4, 99, (1, 8))
padded = torch.cat([ids, torch.zeros(1, 3, dtype=torch.long)], 1)
with torch.no_grad():
    plain = m(ids, attention_mask=torch.ones_like(ids)).logits
    seen = m(padded, attention_mask=(padded != 0).long()).logits
deviation = (seen - plain).abs().max()
print("deviation", float(deviation))
assert deviation < 1e-3
