"""The errors that avse raises on purpose.

Each message is one line that names the thing, says what it must be, what it was, and what to do.
The commands print it and exit; nothing else is caught blindly.
"""

import difflib
from collections.abc import Iterable


class AvseError(Exception):
    """Anything the user can put right; the commands show its text and no traceback."""


class InputError(AvseError):
    """A value, array or option is not what the function needs."""


class MediaError(AvseError):
    """A file cannot be read or written as the audio or video it should hold."""


class ConfigError(AvseError):
    """A configuration, manifest or checkpoint is not valid or does not fit the model."""


class MissingExtraError(AvseError):
    """An optional dependency is needed; the message names the extra that installs it."""


def reason_of(error: Exception, *, thing: str) -> str:
    """One line for an error of one file, so that the others continue.

    Args:
        error: what was raised.
        thing: what it happened to, such as `input a.wav`.
    """
    if isinstance(error, AvseError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"{thing} must fit in memory but does not; cut it into shorter files, or use fewer workers"
    if isinstance(error, OSError):
        return f"{thing} must be readable, and its output writable, but the system refuses ({error.strerror or error})"
    words = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return f"{thing} must be media that avse can process but fails ({words}); report it with the file, see SECURITY.md"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message on a misspelt name: `; did you mean live?`, or nothing where no known name is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
