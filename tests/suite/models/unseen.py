"""Three model types that no matrix and no release has: a decoder, a dual encoder and an encoder-decoder.

They are written as the library writes its own: its names of fields, its caches, its two attentions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.cache_utils import DynamicCache, EncoderDecoderCache
from transformers.generation import GenerationMixin
from transformers.modeling_outputs import BaseModelOutput, CausalLMOutputWithPast, Seq2SeqLMOutput


class PebbleConfig(PretrainedConfig):
    """A decoder's, with its fields as release 5 writes them."""

    model_type = "pebble"
    vocab_size: int = 50_000
    hidden_size: int = 1024
    num_hidden_layers: int = 24
    num_attention_heads: int = 16
    intermediate_size: int = 4096
    max_position_embeddings: int = 2048
    bos_token_id: int = 49_998
    eos_token_id: int = 49_999
    pad_token_id: int = 0


class TwinTextConfig(PretrainedConfig):
    """A text tower's, with its fields as release 4 writes them."""

    model_type = "twin_text"
    base_config_key = "text_config"

    def __init__(
        self,
        vocab_size: int = 30_000,
        hidden_size: int = 512,
        num_hidden_layers: int = 12,
        num_attention_heads: int = 8,
        max_position_embeddings: int = 77,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.max_position_embeddings = max_position_embeddings


class TwinVisionConfig(PretrainedConfig):
    """A vision tower's."""

    model_type = "twin_vision"
    base_config_key = "vision_config"

    def __init__(
        self,
        *,
        hidden_size: int = 768,
        num_hidden_layers: int = 12,
        num_attention_heads: int = 12,
        image_size: int = 224,
        patch_size: int = 32,
        num_channels: int = 3,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.image_size = image_size
        self.patch_size = patch_size
        self.num_channels = num_channels


class TwinConfig(PretrainedConfig):
    """A dual encoder's."""

    model_type = "twin"
    sub_configs: ClassVar[dict[str, Any]] = {"text_config": TwinTextConfig, "vision_config": TwinVisionConfig}

    def __init__(
        self, text_config: Any = None, vision_config: Any = None, projection_dim: int = 512, **kwargs: Any
    ) -> None:
        self.text_config = _part(TwinTextConfig, text_config)
        self.vision_config = _part(TwinVisionConfig, vision_config)
        self.projection_dim = projection_dim
        super().__init__(**kwargs)


class RelayConfig(PretrainedConfig):
    """An encoder-decoder's."""

    model_type = "relay"
    attribute_map: ClassVar[dict[str, str]] = {
        "hidden_size": "d_model",
        "num_attention_heads": "encoder_attention_heads",
    }

    def __init__(
        self,
        *,
        vocab_size: int = 40_000,
        d_model: int = 1024,
        encoder_layers: int = 12,
        decoder_layers: int = 12,
        encoder_attention_heads: int = 16,
        encoder_ffn_dim: int = 4096,
        max_position_embeddings: int = 1024,
        bos_token_id: int = 0,
        pad_token_id: int = 1,
        eos_token_id: int = 2,
        decoder_start_token_id: int = 2,
        is_encoder_decoder: bool = True,
        **kwargs: Any,
    ) -> None:
        self.vocab_size = vocab_size
        self.d_model = d_model
        self.encoder_layers = encoder_layers
        self.decoder_layers = decoder_layers
        self.num_hidden_layers = encoder_layers
        self.encoder_attention_heads = encoder_attention_heads
        self.encoder_ffn_dim = encoder_ffn_dim
        self.max_position_embeddings = max_position_embeddings
        super().__init__(
            bos_token_id=bos_token_id,
            pad_token_id=pad_token_id,
            eos_token_id=eos_token_id,
            decoder_start_token_id=decoder_start_token_id,
            is_encoder_decoder=is_encoder_decoder,
            **kwargs,
        )


def _part(kind: type, given: Any) -> Any:
    if isinstance(given, kind):
        return given
    return kind(**{name: value for name, value in (given or {}).items() if name != "model_type"})


class Attention(nn.Module):
    """Many heads, fused or explicit as the configuration says."""

    def __init__(self, config: Any, index: int) -> None:
        super().__init__()
        self.config, self.index = config, index
        width = config.hidden_size
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, states: Any, mask: Any, memory: Any = None, cache: Any = None) -> Any:
        """States (rows, tokens, width); the mask is True where a token sees another."""
        source = states if memory is None else memory
        queries, keys, values = (
            self._heads(project(given))
            for project, given in ((self.q_proj, states), (self.k_proj, source), (self.v_proj, source))
        )
        if cache is not None:
            keys, values = cache.update(keys, values, self.index)
        if self.config._attn_implementation == "sdpa":
            mixed = nn.functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        else:
            scores = queries @ keys.transpose(2, 3) / queries.shape[-1] ** 0.5
            mixed = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1) @ values
        return self.o_proj(mixed.transpose(1, 2).flatten(2))

    def _heads(self, states: Any) -> Any:
        return states.unflatten(2, (self.config.num_attention_heads, -1)).transpose(1, 2)


class Layer(nn.Module):
    """Attention to itself, to a memory where there is one, and a perceptron."""

    def __init__(self, config: Any, index: int, *, crosses: bool = False) -> None:
        super().__init__()
        width = config.hidden_size
        inner = getattr(config, "intermediate_size", None) or getattr(config, "encoder_ffn_dim", 2 * width)
        self.attention = Attention(config, index)
        self.cross = Attention(config, index) if crosses else None
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3 if crosses else 2))
        self.mlp = nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))

    def forward(self, states: Any, mask: Any, memory: Any = None, seen: Any = None, cache: Any = None) -> Any:
        """`seen`: the memory's mask."""
        states = states + self.attention(self.norms[0](states), mask, cache=cache)
        if self.cross is not None:
            states = states + self.cross(self.norms[2](states), seen, memory)
        return states + self.mlp(self.norms[1](states))


def _causal(length: int, before: int, device: Any) -> torch.Tensor:
    return torch.ones(length, before + length, dtype=torch.bool, device=device).tril(before)[None, None]


def _real(mask: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor:
    """(rows, 1, 1, tokens)."""
    given = torch.ones(like.shape[:2], device=like.device) if mask is None else mask
    return given.bool()[:, None, None]


class PebbleForCausalLM(PreTrainedModel, GenerationMixin):
    """The decoder."""

    config_class = PebbleConfig
    base_model_prefix = "pebble"
    _supports_sdpa = True
    _no_split_modules: ClassVar[list[str]] = ["Layer"]

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.embed_positions = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config, i) for i in range(config.num_hidden_layers))
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def get_input_embeddings(self) -> Any:
        """The table of tokens."""
        return self.embed_tokens

    def forward(
        self,
        input_ids: Any = None,
        attention_mask: Any = None,
        position_ids: Any = None,
        past_key_values: Any = None,
        use_cache: bool | None = None,
        **_: Any,
    ) -> CausalLMOutputWithPast:
        """Logits of the next token at each place."""
        if use_cache and past_key_values is None:
            past_key_values = DynamicCache(config=self.config)
        before = past_key_values.get_seq_length() if past_key_values is not None else 0
        length = input_ids.shape[1]
        if position_ids is None:
            position_ids = torch.arange(before, before + length, device=input_ids.device)[None]
        mask = _causal(length, before, input_ids.device)
        if attention_mask is not None:
            mask = mask & attention_mask.bool()[:, None, None]
            mask = mask | torch.eye(length, before + length, dtype=torch.bool).to(mask.device).roll(before, 1)
        states = self.embed_tokens(input_ids) + self.embed_positions(position_ids)
        for layer in self.layers:
            states = layer(states, mask, cache=past_key_values)
        return CausalLMOutputWithPast(logits=self.lm_head(states), past_key_values=past_key_values)


class TwinModel(PreTrainedModel):
    """The dual encoder."""

    config_class = TwinConfig
    base_model_prefix = "twin"
    input_modalities = ("image", "text")
    _supports_sdpa = True

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        text, vision = config.text_config, config.vision_config
        self.embed_tokens = nn.Embedding(text.vocab_size, text.hidden_size)
        self.embed_positions = nn.Embedding(text.max_position_embeddings, text.hidden_size)
        self.embed_patches = nn.Conv2d(
            vision.num_channels, vision.hidden_size, vision.patch_size, vision.patch_size
        )
        self.text_layers = nn.ModuleList(Layer(text, i) for i in range(text.num_hidden_layers))
        self.vision_layers = nn.ModuleList(Layer(vision, i) for i in range(vision.num_hidden_layers))
        self.text_projection = nn.Linear(text.hidden_size, config.projection_dim)
        self.visual_projection = nn.Linear(vision.hidden_size, config.projection_dim)
        self.post_init()

    def get_input_embeddings(self) -> Any:
        """The table of tokens."""
        return self.embed_tokens

    def get_text_features(self, input_ids: Any, attention_mask: Any = None) -> torch.Tensor:
        """(rows, projection)."""
        real = _real(attention_mask, input_ids)
        states = self.embed_tokens(input_ids) + self.embed_positions.weight[: input_ids.shape[1]]
        for layer in self.text_layers:
            states = layer(states, real)
        weights = real[:, 0, 0, :, None].to(states)
        return self.text_projection((states * weights).sum(1) / weights.sum(1))

    def get_image_features(self, pixel_values: Any) -> torch.Tensor:
        """(rows, projection)."""
        states = self.embed_patches(pixel_values).flatten(2).transpose(1, 2)
        for layer in self.vision_layers:
            states = layer(states, _real(None, states))
        return self.visual_projection(states.mean(1))

    def forward(self, input_ids: Any = None, pixel_values: Any = None, attention_mask: Any = None) -> Any:
        """How near each text is to its image, and both embeddings."""
        texts = self.get_text_features(input_ids, attention_mask)
        images = self.get_image_features(pixel_values)
        return {
            "logits": (texts * images).sum(-1, keepdim=True),
            "text_embeds": texts,
            "image_embeds": images,
        }


class RelayEncoder(PreTrainedModel):
    """The half that reads."""

    config_class = RelayConfig
    base_model_prefix = "encoder"
    _supports_sdpa = True

    def __init__(self, config: Any, embed_tokens: nn.Embedding) -> None:
        super().__init__(config)
        self.embed_tokens = embed_tokens
        self.embed_positions = nn.Embedding(config.max_position_embeddings, config.d_model)
        self.layers = nn.ModuleList(Layer(config, i) for i in range(config.encoder_layers))

    def forward(self, input_ids: Any = None, attention_mask: Any = None, **_: Any) -> BaseModelOutput:
        """(rows, tokens, width)."""
        states = self.embed_tokens(input_ids) + self.embed_positions.weight[: input_ids.shape[1]]
        for layer in self.layers:
            states = layer(states, _real(attention_mask, input_ids))
        return BaseModelOutput(last_hidden_state=states)


class RelayForConditionalGeneration(PreTrainedModel, GenerationMixin):
    """The encoder-decoder."""

    config_class = RelayConfig
    base_model_prefix = "relay"
    _supports_sdpa = True

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.shared = nn.Embedding(config.vocab_size, config.d_model)
        self.encoder = RelayEncoder(config, self.shared)
        self.embed_positions = nn.Embedding(config.max_position_embeddings, config.d_model)
        self.layers = nn.ModuleList(Layer(config, i, crosses=True) for i in range(config.decoder_layers))
        self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self._tied_weights_keys = {"encoder.embed_tokens.weight": "shared.weight"}
        self.post_init()

    def get_input_embeddings(self) -> Any:
        """The table of tokens."""
        return self.shared

    def get_encoder(self, *_: Any, **__: Any) -> RelayEncoder:
        """The half that reads."""
        return self.encoder

    def forward(
        self,
        input_ids: Any = None,
        attention_mask: Any = None,
        *,
        decoder_input_ids: Any = None,
        encoder_outputs: Any = None,
        past_key_values: Any = None,
        use_cache: bool | None = None,
        **_: Any,
    ) -> Seq2SeqLMOutput:
        """Logits of the next token at each place of the decoder."""
        if encoder_outputs is None:
            encoder_outputs = self.encoder(input_ids, attention_mask)
        memory = encoder_outputs[0]
        if use_cache and past_key_values is None:
            past_key_values = DynamicCache(config=self.config)
        own = past_key_values
        if isinstance(own, EncoderDecoderCache):
            own = own.self_attention_cache
        before = own.get_seq_length() if own is not None else 0
        length = decoder_input_ids.shape[1]
        states = self.shared(decoder_input_ids) + self.embed_positions.weight[before : before + length]
        mask, seen = _causal(length, before, states.device), _real(attention_mask, memory)
        for layer in self.layers:
            states = layer(states, mask, memory, seen, own)
        return Seq2SeqLMOutput(
            logits=self.lm_head(states),
            past_key_values=past_key_values,
            encoder_last_hidden_state=memory,
        )


REGISTERED = (
    (PebbleConfig, AutoModelForCausalLM, PebbleForCausalLM, "decoder-only"),
    (TwinConfig, AutoModel, TwinModel, "vision-text"),
    (RelayConfig, AutoModelForSeq2SeqLM, RelayForConditionalGeneration, "encoder-decoder"),
)
"""Configuration class, the Auto class it is registered with, model class, architecture of the matrix."""


@contextmanager
def registered() -> Iterator[None]:
    """The library knows them, as after `register` in code outside it; afterwards it does not."""
    for config, auto, model, _ in REGISTERED:
        AutoConfig.register(config.model_type, config)
        auto.register(config, model)
    try:
        yield
    finally:
        mapping = AutoConfig.for_model.__globals__["CONFIG_MAPPING"]
        for config, auto, _, _ in REGISTERED:
            del mapping._extra_content[config.model_type]
            del auto._model_mapping._extra_content[config]
