"""With SDPA the vision tower attends causally (relative deviation 0.65 to 0.78): Phi4MultimodalVisionAttention sets is_causal = True, and where no patch is masked the bidirectional mask is left out, so that SDPA makes a causal one."""

import torch
from transformers.models.phi4_multimodal import Phi4MultimodalVisionConfig, Phi4MultimodalVisionModel
c = Phi4MultimodalVisionConfig(hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4, image_size=32, patch_size=8)
m = Phi4MultimodalVisionModel._from_config(c, attn_implementation='sdpa').eval()
x = torch.rand(1, 3, 32, 32)
a = m(x).last_hidden_state
m.set_attn_implementation('eager')
off = (a - m(x).last_hidden_state).abs().max()
print(off)
assert off < 1e-3
