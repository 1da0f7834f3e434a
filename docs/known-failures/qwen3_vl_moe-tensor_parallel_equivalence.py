"""Checkpoints hold the experts' matrices transposed (conversion_mapping: Transpose with check_dims). Loaded in shards, a rank's part has other sizes than the check expects and is not turned: from_pretrained raises 'You set `ignore_mismatched_sizes` to `False`'."""

import os
import subprocess
import sys
import tempfile

import torch
import transformers as t
from transformers.distributed import DistributedConfig

KIND = t.Qwen3VLMoeForConditionalGeneration
ids = torch.arange(10, 34)[None]
if "RANK" not in os.environ:
    torch.manual_seed(0)
    m = KIND(t.Qwen3VLMoeConfig(text_config=dict(vocab_size=256, hidden_size=64, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16, num_local_experts=4, num_experts_per_tok=2, moe_intermediate_size=64), vision_config=dict(depth=1, hidden_size=64, intermediate_size=64, num_heads=4, out_hidden_size=64, deepstack_visual_indexes=[0]), image_token_id=3, video_token_id=4, vision_start_token_id=5, vision_end_token_id=6)).eval()
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
