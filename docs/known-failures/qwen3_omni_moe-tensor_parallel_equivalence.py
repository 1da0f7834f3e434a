"""The class's plan has colwise_gather_output for lm_head, which in the code predictor of the talker is a ModuleList of heads: from_pretrained raises 'ModuleList has no `out_features`: colwise shards linear layers'."""

import os
import subprocess
import sys
import tempfile

import torch
import transformers as t
from transformers.distributed import DistributedConfig

KIND = t.Qwen3OmniMoeTalkerCodePredictorModelForConditionalGeneration
ids = torch.arange(10, 34)[None]
if "RANK" not in os.environ:
    torch.manual_seed(0)
    m = KIND(t.Qwen3OmniMoeTalkerCodePredictorConfig(vocab_size=64, hidden_size=64, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16, num_code_groups=3)).eval()
    folder = tempfile.mkdtemp()
    with torch.no_grad():
        for p in m.parameters():
            p.add_(torch.rand_like(p) * 0.2 - 0.1)
        torch.save(m(inputs_embeds=torch.zeros(1, 2, 64)).logits, folder + "/expected.pt")
    m.save_pretrained(folder)
    sys.exit(subprocess.run([sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", __file__, folder]).returncode)
m = KIND.from_pretrained(sys.argv[1], distributed_config=DistributedConfig(tp_plan="auto")).eval()
with torch.no_grad():
    seen = m(inputs_embeds=torch.zeros(1, 2, 64)).logits
expected = torch.load(sys.argv[1] + "/expected.pt")
deviation = (seen - expected).abs().max() / expected.abs().max()
print("deviation", float(deviation))
assert deviation < 1e-4
