"""In layers with activation sparsity _gaussian_topk takes mean and deviation over the features of gate_proj, of which a rank has half: another threshold, other outputs (0.84 of the largest logit)."""

import os
import subprocess
import sys
import tempfile

import torch
import transformers as t
from transformers.distributed import DistributedConfig

KIND = t.Gemma3nForCausalLM
ids = torch.arange(10, 34)[None]
if "RANK" not in os.environ:
    torch.manual_seed(0)
    m = KIND(t.Gemma3nTextConfig(vocab_size=256, vocab_size_per_layer_input=256, hidden_size=64, hidden_size_per_layer_input=64, intermediate_size=[64] * 4, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, head_dim=16, layer_types=['sliding_attention', 'full_attention'] * 2, num_kv_shared_layers=2, laurel_rank=16, activation_sparsity_pattern=[0.95, 0.0, 0.95, 0.0])).eval()
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
