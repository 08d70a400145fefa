"""Channel layouts, kept away from the places where PyAV corrupts memory."""

import ctypes

import av

DEFAULT = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""Name of the usual layout for a number of channels, as the encoders know it."""
SAME_ORDER = {"5.1(side)": "5.1", "5.0(side)": "5.0"}
"""Layouts whose channels are written as those of another one, in the same order."""


def native_layout(context: "av.AudioCodecContext") -> tuple[str, int]:
    """Name and channel count of a decoder's layout; an unusual order of channels becomes the default one.

    PyAV (16 to 18) copies a layout by its pointer and frees what it points to once for each copy. A layout of custom
    order, as QuickTime files of 7 or 8 channels have it, is so freed twice, which kills the process. Hence the copy
    that is read here is never freed, and the decoder gets a layout that points to nothing. Must be called before
    anything else reads the layout, and before the decoder is opened.

    Args:
        context: of the stream.

    Returns:
        FFmpeg's name of the layout that decoded frames will have, and the number of channels.
    """
    layout = context.layout
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(layout))
    name, n_channels = layout.name, layout.nb_channels
    if "(" in name and name.split("(")[0].strip().endswith("channels"):
        name = DEFAULT.get(n_channels, f"{n_channels} channels")
        context.layout = name
    return name, n_channels


def writable_layout(name: str, n_channels: int) -> str:
    """The layout to give an encoder for channels that a decoder named so; the order of the channels stays."""
    if name == "quad" or name in DEFAULT.values():
        return name
    return SAME_ORDER.get(name) or DEFAULT.get(n_channels, f"{n_channels} channels")
