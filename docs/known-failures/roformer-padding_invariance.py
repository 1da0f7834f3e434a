"""RoFormerSequenceSummary reads summary_type, which RoFormerConfig does not have, and falls back to "last": an answer is judged by its last token, which is padding where it was padded (2.8), though the tokenizer pads on the right."""

import torch
import transformers as t

torch.manual_seed(0)
c = t.RoFormerConfig(vocab_size=99, hidden_size=32, num_hidden_layers=1, num_attention_heads=4, intermediate_size=32)
m = t.RoFormerForMultipleChoice(c)
m = m.eval()
with torch.no_grad():
    for p in m.parameters():
        p.add_(torch.rand_like(p) * 0.4 - 0.2)
ids = torch.randint(1, 99, (1, 2, 8))
with torch.no_grad():
    plain = m(ids, attention_mask=torch.ones_like(ids)).logits
    padded = torch.cat([ids, torch.zeros(1, 2, 3, dtype=torch.long)], -1)
    seen = m(padded, attention_mask=(padded != 0).long()).logits
print("summary:", m.sequence_summary.summary_type)
deviation = (seen - plain).abs().max()
print("deviation", float(deviation))
assert deviation < 1e-3
