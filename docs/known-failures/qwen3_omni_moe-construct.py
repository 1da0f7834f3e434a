"""_init_weights sets the experts of the thinker's blocks and not those of the talker's, which torch.empty has allocated: they are whatever memory held."""

import torch
import transformers as t

torch.use_deterministic_algorithms(True)  # memory that nobody sets is NaN then
c = t.Qwen3OmniMoeConfig().talker_config
text = c.text_config
for name, value in dict(hidden_size=32, num_hidden_layers=1, num_experts=2, num_experts_per_tok=1, moe_intermediate_size=16, shared_expert_intermediate_size=16, intermediate_size=16, num_attention_heads=2, num_key_value_heads=1, head_dim=16, vocab_size=32).items():
    setattr(text, name, value)
m = t.Qwen3OmniMoeTalkerModel._from_config(text)
garbage = [name for name, p in m.named_parameters() if p.isnan().any()]
print(garbage)
assert not garbage
