"""The embeddings of encoder and decoder are tied. The plan shards the encoder's, whose hook wraps the ids in a DTensor; the weight that the tie puts there is the decoder's, which is left whole: 'aten.embedding.default got mixed torch.Tensor and DTensor'."""

import os
import subprocess
import sys
import tempfile

import torch
import transformers as t
from transformers.distributed import DistributedConfig

KIND = t.DiffusionGemmaModel
ids = torch.arange(10, 34)[None]
if "RANK" not in os.environ:
    torch.manual_seed(0)
    m = KIND(t.DiffusionGemmaConfig(text_config=dict(vocab_size=256, hidden_size=64, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16, sliding_window=8, layer_types=['sliding_attention', 'full_attention'], num_experts=4, top_k_experts=2, moe_intermediate_size=64), vision_config=None)).eval()
    folder = tempfile.mkdtemp()
    with torch.no_grad():
        for p in m.parameters():
            p.add_(torch.rand_like(p) * 0.2 - 0.1)
        torch.save(m(input_ids=ids, decoder_input_ids=ids).last_hidden_state, folder + "/expected.pt")
    m.save_pretrained(folder)
    sys.exit(subprocess.run([sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", __file__, folder]).returncode)
m = KIND.from_pretrained(sys.argv[1], distributed_config=DistributedConfig(tp_plan="auto")).eval()
with torch.no_grad():
    seen = m(input_ids=ids, decoder_input_ids=ids).last_hidden_state
expected = torch.load(sys.argv[1] + "/expected.pt")
deviation = (seen - expected).abs().max() / expected.abs().max()
print("deviation", float(deviation))
assert deviation < 1e-4
