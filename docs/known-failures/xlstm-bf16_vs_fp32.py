"""In bfloat16 forward raises 'expected m1 and m2 to have the same dtype': mlstm_chunkwise_recurrent_fw_C multiplies keys gated in float32 with values in bfloat16 (modeling_xlstm.py, matK_chunk_gated @ matV_chunk)."""

import torch
from transformers import xLSTMConfig, xLSTMModel
config = xLSTMConfig(vocab_size=64, hidden_size=128, num_hidden_layers=1, num_heads=4, chunk_size=8)
xLSTMModel._from_config(config, dtype=torch.bfloat16).eval()(input_ids=torch.arange(2, 26)[None])
