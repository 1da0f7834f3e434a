"""All layers of an assistant share the keys and values of the model it assists (its configuration demands it), and kv_sharing_modes of the text configuration refuses that (ValueError: The set of layer types producing a cache is different than the set of layer types using them): it cannot be built."""

from transformers import Gemma4AssistantConfig, Gemma4AssistantForCausalLM
t = dict(model_type='gemma4_text', vocab_size=64, hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, head_dim=16, layer_types=['sliding_attention', 'full_attention'], hidden_size_per_layer_input=0, vocab_size_per_layer_input=0)
Gemma4AssistantForCausalLM(Gemma4AssistantConfig(text_config=t, backbone_hidden_size=32))
