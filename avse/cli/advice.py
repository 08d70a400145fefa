"""What the library's messages advise, as options of the commands."""

OPTIONS = {
    "allow it to be replaced, or name another": "use --force to replace it",
    "use the device cpu": "use --device cpu",
    "try another number, or go without a camera": "try another number or --no-camera",
    "see the list of devices": "see --list-devices",
    "name the video of the speaker": "name one with --video",
    "each speaker needs a video": "--speaker each needs a video",
    "choose one by its number, or enhance audio-only": "choose one by --speaker N, or enhance with --audio-only",
    "choose one by its number": "choose one with: --speaker N",
}
"""By the library's words; the first of those that begin alike is the longest."""


def with_options(message: str) -> str:
    """A message of the library with the command's options in it."""
    for words, option in OPTIONS.items():
        message = message.replace(words, option)
    return message
