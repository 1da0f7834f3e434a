"""Of its language model, nemotron_h: a scan over several tokens clamps dt to time_step_min (dt_limit=self.time_step_limit), a step from the cache does not (mamba2_selective_state_update is given no limit): logits differ by 0.0016 where dt is below the limit."""

import torch
from transformers import NemotronHConfig, NemotronHForCausalLM

torch.manual_seed(0)
config = NemotronHConfig(
    vocab_size=64, hidden_size=64, intermediate_size=64, layers_block_type=["mamba", "attention"], num_hidden_layers=2,
    num_attention_heads=4, num_key_value_heads=4, head_dim=16, mamba_num_heads=4, mamba_head_dim=32, ssm_state_size=16, n_groups=1, time_step_min=0.1,
)
model = NemotronHForCausalLM(config).eval()
ids = torch.randint(64, (1, 12))
with torch.no_grad():
    for layer in model.model.layers[:1]:
        layer.mixer.in_proj.weight.mul_(20)
        layer.mixer.dt_bias.fill_(-20.0)  # steps below time_step_min = 0.1
    whole = model(ids).logits[:, -1]
    cache = model(ids[:, :-1], use_cache=True).past_key_values
    step = model(ids[:, -1:], past_key_values=cache, use_cache=True).logits[:, -1]
difference = ((whole - step).abs().max() / whole.abs().max()).item()
assert difference < 1e-5, difference
