"""Rows of model types that speak or play."""

from typing import Any

import torch

from harness.suite.models.peculiar.makers import CODEBOOKS, codes, sample_mask
from harness.suite.models.peculiar.records import Peculiarity as Row

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


FAST = "its convolutions reach over the end of the text into the padding"


ROWS: dict[str, Row] = {
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
    "vibevoice": Row(
        frozen=("audio_tower", "semantic_tokenizer_encoder", "diffusion_head", "semantic_connector"),
        reason="samples its latents unless told not to",
        fields={"diffusion_head_config.latent_size": 64},
        inputs={"audio_layout": "channel", "arguments": {"sample": False, "padding_mask": sample_mask}},
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
    "VibeVoiceForConditionalGeneration": Row(
        reason="speaks through a scheduler of diffusers",
        exempt={"sdpa_vs_eager": "its tokenizers of sound have no attention, and do not take a choice of it"},
    ),
    "ClvpModelForConditionalGeneration": Row(
        reason="its summary of a text is the mean of all positions",
        exempt={"padding_invariance": "it takes the mean of all positions, the masked ones too"},
    ),
    "clvp": Row(
        reason="its encoders rotate 32 values of a head at least; it ranks the speech that it generates",
        fields={"text_config.num_attention_heads": 2, "speech_config.num_attention_heads": 2},
        exempt={
            "padding_invariance": "its summary of a text is the mean over all positions, padding too",
            "generate": "its own generate gives likenesses of speech and text, not sequences of tokens",
        },
    ),
    "fastspeech2_conformer": Row(
        reason="it predicts length, pitch and energy by convolutions, pitch without a gradient to the text",
        fields={"stop_gradient_from_pitch_predictor": False},
        exempt={"padding_invariance": FAST},
    ),
    "FastSpeech2ConformerWithHifiGan": Row(
        reason="it predicts length, pitch and energy by convolutions", exempt={"padding_invariance": FAST}
    ),
}
