"""VATT: transformers over raw video, audio and words, trained without labels.

Akbari, Yuan, Qian, Chuang, Chang, Cui, Gong, "VATT: Transformers for Multimodal Self-Supervised Learning from Raw
Video, Audio and Text", NeurIPS 2021 (arXiv 2104.11178). Sizes, tokens, heads and losses are the paper's.

**Deviations.** Words are numbered by hashing, where the paper has a vocabulary of 2^16 that is not published; the
official code's frozen vectors of word2vec are not to be had here. The bias of attention is learned for each distance of
two words. Dropout is 0 by default, for the paper names none. Where paper and official code differ, the paper is the
default; `official_code` takes the code's way, and the table in `recipes/vatt/README.md` goes through all differences.
Beyond the paper, `movement` hides what people look like.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from avse.errors import ConfigError
from avse.nn.contrastive import mil_nce, nce
from avse.nn.encoders.movement import movement
from avse.nn.encoders.tokens import TokenEncoder, VideoTokens, WaveformTokens, WordTokens
from avse.nn.heads import CommonSpace, CommonVectors
from avse.nn.transformer import SIZES, Transformer, TransformerConfig

MODALITIES = ("video", "audio", "text")


@dataclass(frozen=True)
class VATTConfig:
    """What is needed to build the network again."""

    video: str = "base"
    """Size of the video transformer: tiny, small, base, medium or large."""
    audio: str = "base"
    """Size of the audio's."""
    text: str = "small"
    """Size of the text's."""
    shared: bool = False
    """Modality-agnostic: one transformer for all three, of the size of the video's, with projections around it."""
    n_frames: int = 32
    """Of a clip."""
    fps: float = 10.0
    """Frames a second."""
    height: int = 224
    """Pixels."""
    width: int = 224
    """Pixels."""
    mouths: bool = False
    """Video frames are of mouths, cut out of videos as `avse.faces.mouth` does."""
    movement: bool = False
    """See the movement of a clip alone, each video frame less the mean one, so that looks tell nothing; the paper's
    sees video frames as they are."""
    patch: tuple[int, int, int] = (4, 16, 16)
    """Frames, rows and columns of a video token."""
    n_samples: int = 153_600
    """Of a clip's audio."""
    sample_rate: int = 48_000
    """Hz."""
    patch_samples: int = 128
    """Samples of an audio token."""
    n_words: int = 16
    """Of a text."""
    vocabulary: int = 2**16
    """Word numbers."""
    dims: tuple[int, int] = (512, 256)
    """Of the common space of video and audio, and of that of video and text."""
    hierarchy: bool = True
    """False: one space for all three."""
    drop_rate: float = 0.5
    """DropToken's share."""
    dropout: float = 0.0
    """Of the transformers; with `official_code` of the tokens as well (it has 0.1)."""
    temperature: float = 0.07
    """Of both losses."""
    text_weight: float = 1.0
    """Lambda, of the text's loss."""
    official_code: bool = False
    """The official code's positions, distances of words, heads, losses and DropToken where they differ from the
    paper's."""
    checkpointing: bool = False
    """Less memory for more time, see `TransformerConfig`."""

    @property
    def n_tokens(self) -> int:
        """Tokens of a clip's video and audio that training sees, after DropToken."""
        clip = (self.n_frames, self.height, self.width)
        n_video = math.prod(length // size for length, size in zip(clip, self.patch, strict=True))
        counts = (n_video, self.n_samples // self.patch_samples)
        return sum(max(1, count - int(self.drop_rate * count)) for count in counts)


class Clips(NamedTuple):
    """A batch."""

    frames: Tensor
    """`(batch, time, 3, height, width)`, [0, 1]."""
    waveform: Tensor
    """`(batch, samples)`, [-1, 1]."""
    words: Tensor
    """`(batch, n, words)` numbers of n texts, any of which may be said in the clip."""
    has_audio: Tensor
    """`(batch,)` bool."""
    has_text: Tensor
    """`(batch,)` bool."""


class Losses(NamedTuple):
    """What VATT trains on."""

    total: Tensor
    video_audio: Tensor
    video_text: Tensor


class VATT(nn.Module):
    """Clips to vectors that agree where audio, video and words belong together."""

    name: ClassVar[str] = "vatt"

    def __init__(self, config: VATTConfig, *, tokens: Mapping[str, nn.Module]) -> None:
        """Set up.

        Args:
            config: sizes.
            tokens: the tokeniser of each modality.
        """
        super().__init__()
        self.config = config
        sizes = {name: self._size(config, name) for name in MODALITIES}
        one = Transformer(sizes["video"]) if config.shared else None
        self.encoders = nn.ModuleDict(
            {
                name: TokenEncoder(
                    tokens[name],  # type: ignore[arg-type]
                    one or Transformer(size),
                    drop_rate=config.drop_rate,
                    shared_drop=config.official_code,
                    dropout=config.dropout if config.official_code else 0.0,
                    projections=config.shared,
                )
                for name, size in sizes.items()
            }
        )
        self.common = CommonSpace(
            video=sizes["video"].dim,
            audio=sizes["audio"].dim,
            text=sizes["text"].dim,
            dims=config.dims,
            hierarchy=config.hierarchy,
            official_code=config.official_code,
        )

    @classmethod
    def build(cls, config: VATTConfig) -> "VATT":
        """Build the network with its own tokenisers.

        Raises:
            ConfigError: a size is not known, a number is out of its range, or a clip is smaller than a patch.
        """
        cls._check(config)
        sizes = {name: cls._size(config, name) for name in MODALITIES}
        clip = (config.n_frames, config.height, config.width)
        grid = tuple(length // size for length, size in zip(clip, config.patch, strict=True))
        n_patches = config.n_samples // config.patch_samples
        if min(*grid, n_patches) < 1:
            raise ConfigError(
                f"a clip must hold a patch or more but has {clip} frames, rows and columns for patches of "
                f"{config.patch}, and {config.n_samples} samples for patches of {config.patch_samples}; make it larger"
            )
        tokens = {
            "video": VideoTokens(
                sizes["video"].dim,
                patch=config.patch,
                grid=grid,  # type: ignore[arg-type]
                fps=config.fps,
                official_code=config.official_code,
            ),
            "audio": WaveformTokens(
                sizes["audio"].dim,
                patch=config.patch_samples,
                n_positions=n_patches,
                rate_hz=config.sample_rate,
                official_code=config.official_code,
            ),
            "text": WordTokens(
                sizes["text"].dim,
                n_words=config.n_words,
                vocabulary=config.vocabulary,
                n_heads=sizes["text"].n_heads,
                official_code=config.official_code,
            ),
        }
        return cls(config, tokens=tokens)

    @staticmethod
    def _check(config: VATTConfig) -> None:
        sizes = {
            "n_frames": config.n_frames, "fps": config.fps, "height": config.height, "width": config.width,
            "patch": min(config.patch), "n_samples": config.n_samples, "sample_rate": config.sample_rate,
            "patch_samples": config.patch_samples, "n_words": config.n_words, "vocabulary": config.vocabulary - 1,
            "dims": min(config.dims), "temperature": config.temperature,
        }  # fmt: skip
        if small := [name for name, size in sizes.items() if not size > 0]:
            raise ConfigError(f"{', '.join(small)} of a VATT must be above 0 (vocabulary: 1) but is not; raise it")
        for name, share in (("drop_rate", config.drop_rate), ("dropout", config.dropout)):
            if not 0 <= share < 1:
                raise ConfigError(f"{name} of a VATT must be 0 to below 1 but is {share:g}; correct it")

    @staticmethod
    def config_of(**header: Any) -> VATTConfig:
        """The configuration that a weights file's header holds."""
        return VATTConfig(**{**header, "patch": tuple(header["patch"]), "dims": tuple(header["dims"])})

    def encoder(self, modality: str) -> TokenEncoder:
        """The encoder of a modality, to use by itself or inside another model."""
        encoder = self.encoders[modality]
        assert isinstance(encoder, TokenEncoder)
        return encoder

    @staticmethod
    def _size(config: VATTConfig, modality: str) -> TransformerConfig:
        name = config.video if config.shared else getattr(config, modality)
        if name not in SIZES:
            raise ConfigError(f"size of {modality} must be one of {', '.join(SIZES)} but is {name!r}; correct it")
        return replace(SIZES[name], dropout=config.dropout, checkpointing=config.checkpointing)

    def forward(self, clips: Clips, *, gather: Callable[[Tensor], Tensor] = lambda tensor: tensor) -> Losses:
        """The losses of a batch.

        Every process computes the heads and the losses of all processes' clips, so that negatives and batch
        normalisation are those of the whole batch, however many processes share it.

        Args:
            clips: of this process.
            gather: tensors of all processes, one after another along the first axis, with gradients.
        """
        vectors = self.common(
            gather(self.of_videos(clips.frames)),
            gather(self.of_audio(clips.waveform)),
            gather(self.of_texts(clips.words)),
        )
        return self.losses(vectors, has_audio=gather(clips.has_audio), has_text=gather(clips.has_text))

    def of_videos(self, frames: Tensor) -> Tensor:
        """Features of videos, `(batch, time, 3, height, width)` to `(batch, dim)`."""
        return self.encoder("video").clip(movement(frames) if self.config.movement else frames)

    def of_audio(self, waveform: Tensor) -> Tensor:
        """Features of recordings, `(batch, samples)` to `(batch, dim)`."""
        return self.encoder("audio").clip(waveform)

    def of_texts(self, words: Tensor) -> Tensor:
        """Features of texts, `(batch, n, words)` to `(batch, n, dim)`."""
        return self.encoder("text").clip(words.flatten(0, 1)).reshape(*words.shape[:2], -1)

    def losses(self, vectors: CommonVectors, *, has_audio: Tensor, has_text: Tensor) -> Losses:
        """The two losses of vectors in the common spaces, and their weighted sum; `has_...`: `(clips,)` bool."""
        config = self.config
        video_audio = nce(
            vectors.video_va,
            vectors.audio_va,
            present=has_audio,
            temperature=config.temperature,
            official_code=config.official_code,
        )
        video_text = mil_nce(
            vectors.video_vt,
            vectors.text_vt,
            present=has_text,
            temperature=config.temperature,
            official_code=config.official_code,
        )
        total = video_audio + config.text_weight * video_text
        if config.official_code:  # a weighted mean
            total = total / (1 + config.text_weight)
        return Losses(total, video_audio, video_text)

    @torch.inference_mode()
    def embed_video(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Videos `(batch, time, 3, height, width)` to vectors that compare with recordings, and with texts."""
        vectors: tuple[Tensor, Tensor] = self.common.of_video(self.of_videos(frames))
        return vectors

    @torch.inference_mode()
    def embed_audio(self, waveform: Tensor) -> Tensor:
        """Recordings `(batch, samples)` to vectors that compare with videos."""
        vectors: Tensor = self.common.audio_va(self.of_audio(waveform))
        return vectors

    @torch.inference_mode()
    def embed_text(self, words: Tensor) -> Tensor:
        """Texts `(batch, words)` to vectors that compare with videos."""
        vectors: Tensor = self.common.text_vt(self.of_texts(words[:, None])[:, 0])
        return vectors
