"""Its language model is NemotronH's, in which a scan over several tokens raises dt to time_step_min at least (dt_limit=self.time_step_limit), a step from the cache does not (selective_state_update has no limit): logits differ by 0.005 where dt is below 0.001; with the limit taken away, by 2e-6."""

import torch
import transformers as t

torch.manual_seed(0)
# A large time_step_min makes plain what its default of 0.001 does to the smallest steps.
c = t.NemotronHConfig(vocab_size=99, hidden_size=32, layers_block_type=["mamba", "attention"], num_attention_heads=4, num_key_value_heads=2, head_dim=8, ssm_state_size=16, mamba_num_heads=4, mamba_head_dim=16, n_groups=1, chunk_size=8, intermediate_size=32, time_step_min=0.5, time_step_max=1.0)
m = t.NemotronHForCausalLM(c)
m = m.eval()
with torch.no_grad():
    for p in m.parameters():
        p.add_(torch.rand_like(p) * 0.4 - 0.2)
with torch.no_grad():
    for part in m.modules():
        if hasattr(part, "dt_bias"):
            part.dt_bias.fill_(-10.0)
ids = torch.randint(2, 99, (1, 12))
with torch.no_grad():
    full = m(ids, use_cache=False).logits[:, -1]
    out = m(ids[:, :-1], use_cache=True)
    step = m(ids[:, -1:], past_key_values=out.past_key_values, use_cache=True).logits[:, -1]
deviation = (step - full).abs().max() / full.abs().max()
print("deviation", float(deviation))
assert deviation < 1e-4
