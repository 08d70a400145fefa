"""Presets of `avse-enhance`: options that go together; what is typed beside them wins.

The values are choices of taste, none is tuned on data.
"""

import argparse
from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "call": {"speaker": "largest", "atten_lim_db": 24.0},
    "interview": {"speaker": "each"},
    "video": {"atten_lim_db": 12.0, "offset_ms": "auto"},
}
"""`call`: the face nearest to the camera, noise 24 dB lower at most. `interview`: an output for each person. `video`:
the room stays audible, 12 dB lower; the lips tell how late the video comes."""


def apply_preset(parser: argparse.ArgumentParser, argv: list[str] | None) -> argparse.ArgumentParser:
    """Make the values of the preset that is asked for the parser's defaults.

    Args:
        parser: that knows `--preset`.
        argv: arguments without the program's name; those of the process by default.
    """
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    early.add_argument("--preset")
    try:
        name = early.parse_known_args(argv)[0].preset
    except argparse.ArgumentError:  # the parser itself says what is wrong
        name = None
    parser.set_defaults(**PRESETS.get(name, {}))
    return parser
