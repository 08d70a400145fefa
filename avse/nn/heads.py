"""Heads that bring modalities into common spaces (Akbari et al. 2021, section 3.5)."""

from typing import NamedTuple

from torch import Tensor, nn


class CommonVectors(NamedTuple):
    """Clips in common spaces; only directions matter."""

    video_va: Tensor
    """`(batch, dim)` of the video, to compare with audio."""
    audio_va: Tensor
    """`(batch, dim)` of the audio."""
    video_vt: Tensor
    """`(batch, dim)` of the video, to compare with text."""
    text_vt: Tensor
    """`(batch, n, dim)` of n texts."""


class CommonSpace(nn.Module):
    """The hierarchy: video and audio meet in a fine space, and from there video meets text in a coarse one."""

    def __init__(
        self,
        *,
        video: int,
        audio: int,
        text: int,
        dims: tuple[int, int] = (512, 256),
        hierarchy: bool = True,
        official_code: bool = False,
    ) -> None:
        """Set up.

        Args:
            video: features of a video.
            audio: features of an audio signal.
            text: features of a text.
            dims: of the space of video and audio, and of that of video and text.
            hierarchy: False puts all three into the first space.
            official_code: where the official code differs from the paper, do as the code does: from the first space to
                the second through a rectifier, and audio and text without batch normalisation.
        """
        super().__init__()
        fine, coarse = dims if hierarchy else (dims[0], dims[0])
        hidden = [nn.Linear(video, fine, bias=not official_code), nn.BatchNorm1d(fine), nn.ReLU()]
        self.video_va = nn.Sequential(*hidden, *linear(fine, fine, bias=not official_code))
        self.audio_va = nn.Linear(audio, fine) if official_code else linear(audio, fine)
        self.text_vt = nn.Linear(text, coarse) if official_code else linear(text, coarse)
        self.video_vt: nn.Module = nn.Identity()
        if hierarchy:
            self.video_vt = linear(fine, coarse, bias=not official_code)
            if official_code:
                self.video_vt = nn.Sequential(nn.ReLU(), self.video_vt)

    def of_video(self, video: Tensor) -> tuple[Tensor, Tensor]:
        """A video `(batch, dim)` in the first space and in the second."""
        fine = self.video_va(video)
        return fine, self.video_vt(fine)

    def forward(self, video: Tensor, audio: Tensor, text: Tensor) -> CommonVectors:
        """Bring clips together; `text` is `(batch, n, dim)`, the others `(batch, dim)`."""
        fine, coarse = self.of_video(video)
        return CommonVectors(
            fine, self.audio_va(audio), coarse, self.text_vt(text.flatten(0, 1)).reshape(*text.shape[:2], -1)
        )


def linear(n_in: int, n_out: int, *, bias: bool = True) -> nn.Sequential:
    """A linear layer and batch normalisation."""
    return nn.Sequential(nn.Linear(n_in, n_out, bias=bias), nn.BatchNorm1d(n_out))
