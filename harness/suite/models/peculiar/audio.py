"""Rows of model types that read sound or series."""

from typing import Any

import torch

from harness.suite.models.peculiar.records import Peculiarity as Row

CODEBOOKS = 4
"""Codebooks of a codec, and of the models that read or write its codes."""
SERIES = {
    "prediction_length": 4,
    "context_length": 8,
    "lags_sequence": [1, 2, 3],
    "num_time_features": 2,
    "label_length": 4,
}
MIMI = {"num_filters": 4, "num_quantizers": CODEBOOKS, "vector_quantization_hidden_dimension": 64}
TOKENIZER = (
    "a stage a ratio, and one more: a layer in each, and few channels, which double from stage to stage"
)
TOKENIZER_FIELDS = {"num_filters": 4, "depths": [1] * 7}

STRAIGHT = (
    "its quantiser takes the nearest code and passes the gradient straight through: "
    "backward differs from the function on purpose"
)
CODEC_CODES = 256
"""Entries of a tiny codec's codebook; the code after them stands for none."""
VOCAB = 200
"""Codes below this are ones that every tiny codec and model has."""
PROMPT, SPOKEN = 4, 3
"""Latents of a voice, and of what was said so far."""


def spoken_ids(context: Any) -> torch.Tensor:
    """(1, tokens) with a place for each latent."""
    config, ids = context.config, context.tokens("input_ids", context.shape.tokens, context.vocabulary())
    ids[:, 1 : PROMPT + 1] = config.audio_prompt_token_id
    ids[:, -SPOKEN - 1] = config.audio_bos_token_id
    ids[:, -SPOKEN:] = config.audio_latent_token_id
    return ids


def prompt_width(context: Any) -> int:
    """Values of a latent of the voice."""
    return int(getattr(context.config, "audio_prompt_dim", None) or context.config.latent_dim)


def noise(context: Any) -> torch.Tensor:
    """(1, frames, channels) for a vocoder that starts from noise."""
    return context.uniform(
        "noise_sequence", 1, context.made["input_features"].shape[1], context.config.model_in_channels
    )


def loud(context: Any) -> torch.Tensor:
    """(1, 1, samples) that differ enough for random weights to make other codes of them."""
    return 8 * context.uniform("input_values", 1, 1, context.shape.audio)


def spoken(prompt: Any) -> torch.Tensor:
    """(batch, 1, samples) of a rising tone, long enough for the tokens asked for."""
    return torch.sin(torch.linspace(0, 8, 19200).square()).repeat(len(prompt["input_ids"]), 1, 1)


def unspoken(prompt: Any) -> torch.Tensor:
    """The prompt's tokens up to where sound begins."""
    return prompt["input_ids"][:, :-SPOKEN]


def unspoken_mask(prompt: Any) -> torch.Tensor:
    """Its mask likewise."""
    return prompt["attention_mask"][:, :-SPOKEN]


def longer(prompt: Any) -> torch.Tensor:
    """Sound for the tokens to come too."""
    return torch.cat([prompt["input_features"]] * 2, dim=-1)


def codes(context: Any, name: str, size: int, *shape: int) -> torch.Tensor:
    """Codes below `size`."""
    return torch.randint(size, shape, generator=context.generator(name))


def placeholder_mask(context: Any) -> torch.Tensor:
    """(1, rows): which rows of the projected sound are real; all of them."""
    return torch.ones(1, context.placeholders.get("audio", 1), dtype=torch.bool)


def sample_mask(context: Any) -> torch.Tensor:
    """(1, samples): which samples are real; all of them."""
    return torch.ones(1, context.made["input_values"].shape[-1], dtype=torch.bool)


ROWS: dict[str, Row] = {
    **dict.fromkeys(
        ("autoformer", "informer", "time_series_transformer"),
        Row(
            reason="prediction_length has no default; a series comes with time features",
            base=SERIES,
        ),
    ),
    "timesfm": Row(
        reason="the series comes with a padding indicator and the class of its frequency",
        inputs={
            "arguments": {
                "past_values_padding": lambda c: torch.zeros_like(c.made["past_values"], dtype=torch.long),
                "freq": lambda c: codes(c, "freq", 3, 1, 1),
            }
        },
    ),
    **dict.fromkeys(
        ("wav2vec2-bert", "wav2vec2-conformer"),
        Row(reason="vocab_size has no default, and a CTC head needs it", base={"vocab_size": 32}),
    ),
    "mimi": Row(
        reason="the widths of codec and quantizer go by names of their own; codes have no gradient",
        fields=MIMI,
        frozen=("encoder", "encoder_transformer", "downsample", "quantizer"),
    ),
    **dict.fromkeys(
        ("mimi_decoder", "mimi_encoder"),
        Row(
            reason="widths of codec and quantizer have names of their own; latents are as wide as the codec",
            fields=MIMI,
            inputs={"arguments": {"latents": lambda c: c.uniform("latents", 1, c.config.hidden_size, 4)}},
        ),
    ),
    "csm": Row(
        frozen=("codec_model",),
        reason="as many codebooks as its codec has; where a recording ends is counted in samples",
        fields={
            "num_codebooks": CODEBOOKS,
            "depth_decoder_config.num_codebooks": CODEBOOKS,
            "depth_decoder_config.max_position_embeddings": CODEBOOKS + 1,
        },
        inputs={
            "audio_layout": "channel",
            "keeps_prompt": False,
            "audio_tokens": 4,
            "arguments": {
                "input_values_cutoffs": lambda c: torch.tensor([[c.made["input_values"].shape[-1]]])
            },
        },
    ),
    "kyutai_speech_to_text": Row(
        reason="a token of text and one of each codebook a step, and one more code than its codec has",
        fields={"num_codebooks": CODEBOOKS, "codebook_vocab_size": CODEC_CODES + 1},
        inputs={
            "padding_token": True,
            "keeps_prompt": False,
            "generate": {"input_ids": None, "attention_mask": None, "input_values": spoken},
            "arguments": {"input_ids": lambda c: codes(c, "input_ids", 64, 1, c.shape.tokens, CODEBOOKS + 1)},
        },
    ),
    "dia": Row(
        reason="the decoder reads a code of each channel a step",
        inputs={
            "arguments": {
                "decoder_input_ids": lambda c: codes(
                    c, "decoder_input_ids", 200, 1, 6, c.config.decoder_config.num_channels
                )
            }
        },
    ),
    **dict.fromkeys(
        ("MusicgenForConditionalGeneration",),
        Row(
            frozen=("audio_encoder",),
            reason="the decoder continues the codes of a recording: as many codebooks as the decoder has",
            fields={"audio_encoder.target_bandwidths": [2.4]},
            inputs={
                "audio_layout": "channel",
                "generate": {"pad_token_id": None},
                "arguments": {"decoder_input_ids": None, "input_values": loud},
            },
        ),
    ),
    **dict.fromkeys(
        ("MusicgenModel", "MusicgenForCausalLM", "MusicgenMelodyModel", "MusicgenMelodyForCausalLM"),
        Row(
            reason="a row of codes for each codebook, with no score for padding; positions cannot be given",
            fields={"pad_token_id": CODEC_CODES, "bos_token_id": CODEC_CODES},
            inputs={
                "padding_side": "right",
                "keeps_prompt": False,
                "generate": {"pad_token_id": None, "decoder_start_token_id": CODEC_CODES},
                "arguments": {
                    "input_ids": lambda c: codes(c, "input_ids", 200, CODEBOOKS, c.shape.tokens),
                    "attention_mask": lambda c: torch.ones(1, c.shape.tokens, dtype=torch.long),
                },
            },
        ),
    ),
    "fastspeech2_conformer_with_hifigan": Row(
        reason="the vocoder reads the spectrogram that the other makes",
        fields={"vocoder_config.model_in_dim": 80, "model_config.num_mel_bins": 80},
    ),
    "fun_asr_nano": Row(
        reason="the adaptor's feed-forward width is a quarter of the text's; each frame is seven stacked",
        fields={"adaptor_config.intermediate_size": 16},
        inputs={"bins": 560, "audio_layout": "frames_first"},
    ),
    "fun_asr_nano_encoder": Row(
        reason="each frame is seven stacked", inputs={"bins": 560, "audio_layout": "frames_first"}
    ),
    **dict.fromkeys(
        ("granite_speech5_ctc", "granite_speech5_encoder"),
        Row(
            reason="frames come with their differences and in pairs",
            inputs={"bins": 320, "audio_layout": "frames_first"},
        ),
    ),
    **dict.fromkeys(
        ("granite_speech", "granite_speech_plus"),
        Row(
            reason="the mask is of the projected sound, not of its frames",
            inputs={"audio_layout": "frames_first", "arguments": {"input_features_mask": placeholder_mask}},
        ),
    ),
    "muse_spark_audio": Row(reason="whole tokens of 1920 samples", inputs={"samples": 3840}),
    "musicflamingo": Row(
        reason="timestamps are made from the placeholders, so that features cannot be asked for beforehand",
        inputs={"audio_layout": "bins_first", "audio_tokens": 32},
    ),
    "nemotron3_5_transcribe_word_timestamp": Row(
        reason="it reads an encoder's states",
        inputs={
            "arguments": {"inputs_embeds": lambda c: c.uniform("inputs_embeds", 1, 8, c.config.hidden_size)}
        },
    ),
    **dict.fromkeys(
        ("neucodec", "xcodec2"),
        Row(
            frozen=("semantic_encoder",),
            exempt={"gradients": STRAIGHT},
            reason="reads the samples and the features of their semantic encoder, 160 a frame",
            fields={"encoder_hidden_size": 4, "quantization_dim": 128},
            inputs={
                "audio_layout": "channel",
                "samples": 12800,
                "arguments": {
                    "input_features_mask": torch.ones(1, 40, dtype=torch.long),
                    "input_features": lambda c: (
                        8
                        * c.uniform(
                            "input_features",
                            1,
                            40,
                            c.config.semantic_model_config.feature_projection_input_dim,
                        )
                    ),
                },
            },
        ),
    ),
    "qwen2_audio": Row(
        reason="has no method that makes the features of sound; two frames in four remain, of 128",
        inputs={"audio_tokens": 32, "audio_layout": "bins_first"},
    ),
    "voxtral": Row(
        reason="audio_token_id has no default; four states are projected together",
        base={"audio_token_id": 24},
        fields={"audio_config.intermediate_size": 256},
        inputs={"audio_layout": "bins_first"},
    ),
    **dict.fromkeys(
        ("qwen3_asr", "qwen3_asr_encoder"),
        Row(reason="whole windows of 100 frames", inputs={"frames": 100, "audio_layout": "bins_first"}),
    ),
    **dict.fromkeys(
        ("SeamlessM4TModel", "SeamlessM4Tv2Model"),
        Row(
            reason="reads text or speech, not both",
            exempt={"padding_invariance": "its adaptor strides over the frames, the padded ones too"},
            inputs={
                "generate": {"generate_speech": False},
                "audio_layout": "frames_first",
                "arguments": {"input_ids": None},
            },
        ),
    ),
    "SpeechT5Model": Row(
        reason="without its prenets it reads hidden states",
        inputs={
            "arguments": {
                "input_values": lambda c: c.uniform("input_values", 1, 8, c.config.hidden_size),
                "decoder_input_values": lambda c: c.uniform(
                    "decoder_input_values", 1, 6, c.config.hidden_size
                ),
            }
        },
    ),
    **dict.fromkeys(
        ("SeamlessM4TForTextToSpeech", "SeamlessM4Tv2ForTextToSpeech", "SeamlessM4TForSpeechToSpeech"),
        Row(
            reason="speaks the languages that come with a checkpoint",
            exempt=dict.fromkeys(
                ("generate", "kv_cache_equivalence"), "its languages come with a checkpoint"
            ),
        ),
    ),
    "SpeechT5ForTextToSpeech": Row(
        exempt={"kv_cache_equivalence": "it generates a spectrogram, which has no logits"},
        reason="the decoder reads frames of a spectrogram, and a speaker; it drops out in eval mode too",
        inputs={
            "draws": True,
            "arguments": {
                "decoder_input_values": lambda c: c.uniform(
                    "decoder_input_values", 1, 6, c.config.num_mel_bins
                ),
                "speaker_embeddings": lambda c: c.uniform(
                    "speaker_embeddings", 1, c.config.speaker_embedding_dim
                ),
            },
        },
    ),
    "vits": Row(
        reason="draws noise of its own, and with random weights a token would last for hours",
        fields={"noise_scale": 0.0, "noise_scale_duration": 0.0, "speaking_rate": 1e6},
    ),
    **dict.fromkeys(
        ("PeAudioModel", "PeAudioEncoder"),
        Row(
            frozen=("dac_encoder", "bottleneck"),
            reason="the mask has no dimension of channels, though the samples have",
            inputs={
                "audio_layout": "channel",
                "arguments": {"padding_mask": sample_mask},
            },
        ),
    ),
    **dict.fromkeys(
        (
            "vibevoice_acoustic_tokenizer",
            "vibevoice_acoustic_tokenizer_encoder",
            "vibevoice_acoustic_tokenizer_decoder",
        ),
        Row(reason=TOKENIZER, fields=TOKENIZER_FIELDS),
    ),
    "VibeVoiceAcousticTokenizerModel": Row(
        reason="samples its latents unless told not to", inputs={"arguments": {"sample": False}}
    ),
    "VibeVoiceAcousticTokenizerEncoderModel": Row(
        reason="what it calls hidden states is a recording",
        inputs={
            "image_layout": "",
            "arguments": {"hidden_states": lambda c: c.uniform("hidden_states", 1, 1, c.shape.audio)},
        },
    ),
    "VibeVoiceAcousticTokenizerDecoderModel": Row(
        reason="what it calls hidden states is latents",
        inputs={
            "image_layout": "",
            "arguments": {"hidden_states": lambda c: c.uniform("hidden_states", 1, c.config.hidden_size, 2)},
        },
    ),
    "vibevoice": Row(
        frozen=("audio_tower", "semantic_tokenizer_encoder", "diffusion_head", "semantic_connector"),
        reason="samples its latents unless told not to",
        fields={"diffusion_head_config.latent_size": 64},
        inputs={"audio_layout": "channel", "arguments": {"sample": False, "padding_mask": sample_mask}},
    ),
    "vibevoice_asr": Row(
        frozen=("acoustic_tokenizer_encoder", "semantic_tokenizer_encoder"),
        reason="samples its latents unless told not to",
        inputs={"audio_layout": "channel", "arguments": {"sample": False, "padding_mask": sample_mask}},
    ),
    "clap": Row(
        reason="the spectrogram is an image of one channel, cut to the side that its Swin reads",
        base={
            "audio_config.spec_size": 64,
            "audio_config.window_size": 2,
            "audio_config.patch_embeds_hidden_size": 8,
        },
        inputs={
            "arguments": {"input_features": lambda c: c.uniform("input_features", 1, 1, 64, 64)},
        },
    ),
    "moonshine_streaming": Row(
        reason="num_key_value_heads has no default; a window a layer, of a type that takes tuples alone",
        base={"num_key_value_heads": 8},
        fields={"encoder_config.sliding_windows": ((16, 4), (16, 0))},
    ),
    "moonshine_streaming_encoder": Row(
        reason="a window a layer, of a type that takes tuples alone",
        fields={"sliding_windows": ((16, 4), (16, 0))},
    ),
    "moshi": Row(
        reason="as many codebooks as its codec has",
        fields={"num_codebooks": CODEBOOKS, "depth_decoder_config.num_codebooks": CODEBOOKS},
    ),
    "MusicgenMelodyForConditionalGeneration": Row(
        reason="the decoder continues a melody: the strength of each of twelve notes, frame by frame",
        fields={"num_chroma": 12},
        exempt={
            "padding_invariance": "the decoder continues text and melody, whose padding is zeroed and keeps "
            "its place"
        },
        inputs={
            "audio_layout": "frames_first",
            "bins": 12,
            "generate": {"pad_token_id": None},
            "arguments": {"decoder_input_ids": lambda c: codes(c, "decoder_input_ids", 200, CODEBOOKS, 6)},
        },
    ),
    **dict.fromkeys(
        ("pocket_tts_audio_tokenizer", "pocket_tts_audio_tokenizer_encoder"),
        Row(reason="its channels double from stage to stage", fields={"num_filters": 8}),
    ),
    "audio-spectrogram-transformer": Row(
        reason="a recording has as many frames as a field says", fields={"max_length": 64}
    ),
    "pocket_tts_audio_tokenizer_decoder": Row(
        reason="decodes latents of the codec's width; its channels halve from stage to stage",
        fields={"num_filters": 8},
        inputs={"arguments": {"latents": lambda c: c.uniform("latents", 1, c.config.hidden_size, 4)}},
    ),
    **dict.fromkeys(
        ("pocket_tts", "gradium_phonon_tts"),
        Row(
            reason="a voice and the sound so far come as latents, each in the place of a token of its own; "
            "it generates latents from a prompt that ends where sound begins",
            exempt={"kv_cache_equivalence": "it generates latents, which have no logits"},
            inputs={
                "padding_token": True,
                "generate": {"audio_latents": None, "input_ids": unspoken, "attention_mask": unspoken_mask},
                "arguments": {
                    "input_ids": spoken_ids,
                    "audio_prompt_latents": lambda c: c.uniform(
                        "audio_prompt_latents", 1, PROMPT, prompt_width(c)
                    ),
                    "audio_latents": lambda c: c.uniform("audio_latents", 1, SPOKEN, c.config.latent_dim),
                },
            },
        ),
    ),
    "voxtral_realtime": Row(
        reason="sound is added to the text token by token, eight frames each",
        exempt={"padding_invariance": "text and sound run in step: there is no padding of one alone"},
        inputs={
            "audio_layout": "bins_first",
            "generate": {"input_features": longer},
            "arguments": {
                "input_features": lambda c: c.uniform(
                    "input_features", 1, c.config.audio_config.num_mel_bins, 8 * c.shape.tokens
                )
            },
        },
    ),
    "bark": Row(
        exempt={"generate": "it speaks with the settings of its three stages that come with a checkpoint"},
        reason="has no forward: three transformers, each reads what the one before wrote, and a codec",
        fields={
            "semantic_config.input_vocab_size": VOCAB,
            "coarse_acoustics_config.input_vocab_size": VOCAB,
            "fine_acoustics_config.input_vocab_size": VOCAB,
        },
        entry=("semantic", "coarse_acoustics", "fine_acoustics", "codec_decode"),
        inputs={
            "arguments": {
                "semantic.input_ids": lambda c: codes(c, "semantic", VOCAB, 1, c.shape.tokens),
                "coarse_acoustics.input_ids": lambda c: codes(c, "coarse", VOCAB, 1, c.shape.tokens),
                "fine_acoustics.codebook_idx": 2,
                "fine_acoustics.input_ids": lambda c: codes(
                    c, "fine", VOCAB, 1, c.shape.tokens, c.config.fine_acoustics_config.n_codes_total
                ),
                "codec_decode.fine_output": lambda c: codes(c, "codec", VOCAB, 1, 2, c.shape.tokens),
            }
        },
    ),
    "AutoformerModel": Row(
        reason="what comes after tells it how far to predict, and no more",
        exempt={"bf16_vs_fp32": "torch has no Fourier transform in bfloat16"},
        inputs={"arguments": {"future_values": lambda c: torch.zeros(1, c.config.prediction_length)}},
    ),
    "dac": Row(
        reason="its channels double from stage to stage, of which two have every kind of layer",
        fields={"encoder_hidden_size": 4, "downsampling_ratios": [4, 8], "upsampling_ratios": [8, 4]},
        frozen=("codebook",),
        exempt={"gradients": STRAIGHT},
    ),
    "xcodec": Row(
        reason="codes have no gradient, nor has what makes them; its channels double from stage to stage, "
        "and both its towers make a frame of 320 samples",
        fields={
            "acoustic_model_config.encoder_hidden_size": 4,
            "acoustic_model_config.decoder_hidden_size": 64,
            "acoustic_model_config.downsampling_ratios": [8, 5, 4, 2],
            "acoustic_model_config.upsampling_ratios": [8, 5, 4, 2],
        },
        frozen=(
            "acoustic_encoder",
            "semantic_model",
            "encoder_semantic",
            "decoder_semantic",
            "fc",
            "fc1",
            "quantizer",
        ),
    ),
    "higgs_audio_v2_tokenizer": Row(
        reason="two frames of the sound at 16 kHz are one of the sound at 24 kHz; codes have no gradient",
        fields={
            "acoustic_model_config.encoder_hidden_size": 4,
            "acoustic_model_config.decoder_hidden_size": 64,
            "acoustic_model_config.downsampling_ratios": [8, 5, 4, 2, 3],
            "acoustic_model_config.upsampling_ratios": [8, 5, 4, 2, 3],
        },
        frozen=(
            "acoustic_encoder",
            "semantic_model",
            "encoder_semantic",
            "decoder_semantic",
            "fc",
            "fc1",
            "quantizer",
        ),
        inputs={"audio_layout": "channel", "samples": 7680},
    ),
    "gemma3n_audio": Row(
        reason="its mask says which frames are padding",
        inputs={
            "arguments": {
                "audio_mel_mask": lambda c: torch.zeros(1, c.made["audio_mel"].shape[1], dtype=torch.bool)
            }
        },
    ),
    "univnet": Row(
        reason="draws its own noise unless given some",
        fields={"kernel_predictor_hidden_channels": 8, "model_hidden_channels": 4, "model_in_channels": 8},
        inputs={"arguments": {"noise_sequence": noise}},
    ),
    "VibeVoiceForConditionalGeneration": Row(
        reason="speaks through a scheduler of diffusers",
        exempt={"sdpa_vs_eager": "its tokenizers of sound have no attention, and do not take a choice of it"},
    ),
    "ClvpModelForConditionalGeneration": Row(
        reason="its summary of a text is the mean of all positions",
        exempt={"padding_invariance": "it takes the mean of all positions, the masked ones too"},
    ),
}
