"""The errors that avse raises on purpose.

Each message is one line that names the thing, says what it must be, what it was, and what to do.
The commands print it and exit; nothing else is caught blindly.
"""


class AvseError(Exception):
    """Anything the user can put right; the commands show its text and no traceback."""


class InputError(AvseError):
    """A value, array or option is not what the function needs."""


class MediaError(AvseError):
    """A file cannot be read or written as the sound or picture it should hold."""


class ConfigError(AvseError):
    """A configuration, manifest or checkpoint is not valid or does not fit the model."""


class MissingExtraError(AvseError):
    """An optional dependency is needed; the message names the extra that installs it."""
