"""Set_attn_implementation('eager') is accepted by the whole model, and the DiT of token2wav then raises KeyError: 'eager' (modeling_qwen2_5_omni.py, line 2993): it has no eager attention, and Qwen2_5OmniToken2WavModel falls back to sdpa only when it is constructed."""

import torch
from transformers.models.qwen2_5_omni.configuration_qwen2_5_omni import Qwen2_5OmniDiTConfig
from transformers.models.qwen2_5_omni.modeling_qwen2_5_omni import Qwen2_5OmniToken2WavDiTModel

config = Qwen2_5OmniDiTConfig(hidden_size=64, num_hidden_layers=1, num_attention_heads=4, head_dim=16, ff_mult=1)
model = Qwen2_5OmniToken2WavDiTModel._from_config(config).eval()
model.set_attn_implementation("eager")  # accepted, though the class has no eager attention
mel = torch.rand(1, 8, config.mel_dim)
speaker = torch.rand(1, 8, config.enc_emb_dim)
model(
    hidden_states=mel,
    condition_vector=mel,
    speaker_embedding=speaker,
    quantized_code=torch.ones(1, 4, dtype=torch.long),
    time_step=torch.tensor(0.5),
)
