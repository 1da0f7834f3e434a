"""Checkpoints hold gate, query, key and value in one matrix (conversion_mapping: Chunk of gqkv_proj, and of gate_up_proj). Loaded in shards, each rank cuts its share of that matrix into four, and the projections are mixed up: 24 tensors are not those that were saved."""

import os
import subprocess
import sys
import tempfile

import torch
import transformers as t
from transformers.distributed import DistributedConfig

KIND = t.HrmTextForCausalLM
ids = torch.arange(10, 34)[None]
if "RANK" not in os.environ:
    torch.manual_seed(0)
    m = KIND(t.HrmTextConfig(vocab_size=256, hidden_size=64, intermediate_size=64, num_layers_per_stack=2, num_attention_heads=4, H_cycles=2, L_cycles=2, L_bp_cycles=[2], max_position_embeddings=512)).eval()
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
