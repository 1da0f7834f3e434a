"""All layers of an assistant share the keys and values of the model it assists (its configuration sets it so), and kv_sharing_modes of the text configuration refuses that (ValueError: The set of layer types producing a cache is different than the set of layer types using them): it cannot be built."""

from transformers import Gemma4UnifiedAssistantConfig, Gemma4UnifiedAssistantForCausalLM
t = dict(model_type='gemma4_unified_text', vocab_size=64, hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, head_dim=16, layer_types=['sliding_attention', 'full_attention'])
Gemma4UnifiedAssistantForCausalLM(Gemma4UnifiedAssistantConfig(text_config=t, backbone_hidden_size=32))
