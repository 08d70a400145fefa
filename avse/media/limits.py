"""What a media file may ask for: beyond these limits it is refused, for it is damaged or made to exhaust a machine."""

from pathlib import Path

from avse.errors import MediaError

RATES_HZ = (1_000, 768_000)
"""Sample rates: from the lowest that carries speech at all to the highest that converters offer."""
MAX_CHANNELS = 64
MAX_AMPLITUDE = 1e6
"""Largest sample, full scale being 1: integer-scaled float files (32768) pass, overflow to infinity is out of reach."""
MAX_GAP_S = 600.0
"""A hole in the timestamps that is filled with silence; a longer one is a damaged timestamp."""
MAX_SILENCE_S = 3600.0
"""Silence filled in over one file."""
MAX_PIXELS = 36_000_000
"""Of a video frame: 8K (7680 x 4320) passes."""
MAX_FPS = 300.0
"""Video frames that follow each other faster are dropped, for the crops keep frames by time."""
MAX_CAPTION_BYTES = 32 * 2**20
MAX_TABLE_BYTES = 2**28
"""Of a sensor table, unpacked."""
MAX_TABLE_VALUES = 20_000_000
"""Cells of a sensor table, or samples of a WFDB record: 160 MB as float64."""
MAX_TABLE_COLUMNS = 1_000
MAX_HEADER_BYTES = 2**20
"""Of a WFDB header."""
MAX_ARRAY_BYTES = 2**31
"""Of all arrays in an `.npz` file, unpacked: five hours of mouth crops."""


def check_audio_format(path: Path, *, sample_rate: int, n_channels: int) -> None:
    """Validate what a header says about audio before memory is taken for it.

    Args:
        path: of the file, for the message.
        sample_rate: Hz.
        n_channels: of the track.

    Raises:
        MediaError: a value is out of the limits.
    """
    low, high = RATES_HZ
    if not low <= sample_rate <= high:
        raise MediaError(
            f"audio {path} must have a sample rate from {low} to {high} Hz but has {sample_rate} Hz; "
            "its header may be damaged: export it again"
        )
    if not 1 <= n_channels <= MAX_CHANNELS:
        raise MediaError(
            f"audio {path} must have 1 to {MAX_CHANNELS} channels but has {n_channels}; "
            "its header may be damaged: export it again"
        )


def check_frame_size(path: Path, *, width: int, height: int) -> None:
    """Validate the size of a video's frames before one is decoded.

    Raises:
        MediaError: more pixels than `MAX_PIXELS`.
    """
    if width * height > MAX_PIXELS:
        raise MediaError(
            f"video {path} must have at most {MAX_PIXELS // 1_000_000} million pixels a frame but is "
            f"{width} x {height}; scale it down"
        )
