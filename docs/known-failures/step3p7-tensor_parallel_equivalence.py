"""Checkpoints hold the experts' gate and up matrices apart and the class holds them in one. Loaded in shards, a rank's gate_up_proj is not the strided shard that packed_colwise computes with: the tensor gathered from the ranks is not the one that was saved (0.003 of the largest logit)."""

import os
import subprocess
import sys
import tempfile

import torch
import transformers as t
from transformers.distributed import DistributedConfig

KIND = t.Step3p7ForConditionalGeneration
ids = torch.arange(10, 34)[None]
if "RANK" not in os.environ:
    torch.manual_seed(0)
    m = KIND(t.Step3p7Config(text_config=dict(vocab_size=256, hidden_size=64, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16, mlp_layer_types=['dense', 'sparse'], layer_types=['full_attention', 'sliding_attention'], num_experts_per_tok=2, n_routed_experts=4, moe_intermediate_size=64, share_expert_dim=64, sliding_window=8, num_sliding_attention_heads=4), vision_config=dict(hidden_size=64, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4, image_size=32, patch_size=8), image_token_id=3)).eval()
    folder = tempfile.mkdtemp()
    with torch.no_grad():
        for p in m.parameters():
            p.add_(torch.rand_like(p) * 0.2 - 0.1)
        torch.save(m(input_ids=ids).logits, folder + "/expected.pt")
    m.save_pretrained(folder)
    sys.exit(subprocess.run([sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", __file__, folder]).returncode)
m = KIND.from_pretrained(sys.argv[1], distributed_config=DistributedConfig(tp_plan="auto")).eval()
with torch.no_grad():
    seen = m(input_ids=ids).logits
expected = torch.load(sys.argv[1] + "/expected.pt")
deviation = (seen - expected).abs().max() / expected.abs().max()
print("deviation", float(deviation))
assert deviation < 1e-4
