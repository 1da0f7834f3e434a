"""Forward indexes the embedding's weight itself for the vector of the padding token (modeling_gemma4.py, pad_embedding), and the sharded weight is a DTensor: torch.where raises 'aten.where.self got mixed torch.Tensor and DTensor'."""

import os
import subprocess
import sys
import tempfile

import torch
import transformers as t
from transformers.distributed import DistributedConfig

KIND = t.Gemma4ForConditionalGeneration
ids = torch.arange(10, 34)[None]
if "RANK" not in os.environ:
    torch.manual_seed(0)
    m = KIND(t.Gemma4Config(text_config=dict(vocab_size=256, hidden_size=64, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16, vocab_size_per_layer_input=256, hidden_size_per_layer_input=16, sliding_window=8, layer_types=['sliding_attention', 'full_attention']), vision_config=None, audio_config=None, image_token_id=3, video_token_id=4, audio_token_id=5, boi_token_id=6, eoi_token_id=7, boa_token_id=8, eoa_token_id=9)).eval()
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
