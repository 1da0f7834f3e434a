"""MllamaTextCrossAttention has no is_causal, so without a cross_attention_mask sdpa_attention_forward takes attention to the image as causal, which eager attention does not: logits differ by 0.019 of their largest value."""

import torch
from transformers import MllamaForCausalLM
from transformers.models.mllama.configuration_mllama import MllamaTextConfig

torch.manual_seed(0)
config = MllamaTextConfig(
    vocab_size=99, hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, cross_attention_layers=[1], pad_token_id=0, bos_token_id=1, eos_token_id=2,
)
model = MllamaForCausalLM(config).eval()
for parameter in model.parameters():
    torch.nn.init.normal_(parameter)
ids, image = torch.randint(3, 99, (1, 6)), torch.randn(1, 8, 32)
logits = []
for kind in ("sdpa", "eager"):
    model.set_attn_implementation(kind)
    logits.append(model(input_ids=ids, cross_attention_states=image, use_cache=False).logits)
difference = ((logits[0] - logits[1]).abs().max() / logits[1].abs().max()).item()
assert difference < 1e-4, difference
