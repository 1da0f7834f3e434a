"""NeoMMEExclusiveSelfAttention scales each head by its own alpha, which the plan leaves out: 4 numbers for the rank's 2 heads ('The size of tensor a (4) must match the size of tensor b (2)')."""

import os
import subprocess
import sys
import tempfile

import torch
import transformers as t
from transformers.distributed import DistributedConfig

KIND = t.NeoMMEForMaskedLM
ids = torch.arange(10, 34)[None]
if "RANK" not in os.environ:
    torch.manual_seed(0)
    m = KIND(t.NeoMMEConfig(vocab_size=256, hidden_size=64, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, embedding_rank=16, num_key_value_heads=2, head_dim=16, layer_types=['sliding_attention', 'full_attention'], sliding_window=8, patch_size=8, embedding_dim=64, max_position_embeddings=512, pad_token_id=0, document_token_id=5, image_token_id=6)).eval()
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
