"""With a state, a batch of two and one token, RwkvSelfAttention.extract_key_value and RwkvFeedForward.forward take the last states as (batch, hidden) and add them to (batch, 1, hidden): the sum is (batch, batch, hidden), the rows are mixed, and logits differ by 1.1 from decoding without the state."""

import torch
import transformers as t

torch.manual_seed(0)
c = t.RwkvConfig(vocab_size=99, hidden_size=32, num_hidden_layers=2)
m = t.RwkvForCausalLM(c)
m = m.eval()
with torch.no_grad():
    for p in m.parameters():
        p.add_(torch.rand_like(p) * 0.4 - 0.2)
ids = torch.randint(1, 99, (2, 9))
with torch.no_grad():
    full = m(ids, use_cache=False).logits[:, -1]
    state = m(ids[:, :-1], use_cache=True).state
    step = m(ids[:, -1:], state=state, use_cache=True).logits
print("logits of one token of two rows:", tuple(step.shape))
deviation = (step[:, -1] - full).abs().max()
print("deviation", float(deviation))
assert deviation < 1e-3
