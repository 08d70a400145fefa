"""What the library's messages advise, as options of the commands."""

from collections.abc import Mapping

SUBJECTS = {
    "the executor": "--executor",
    "number of workers": "--workers",
    "time without progress": "--no-progress-s",
    "Ray address": "--ray-address",
    "share": "--shard",
    "number of files that may wait": "--max-queued",
    "size of the largest file, MB,": "--max-upload-mb",
    "time that results are kept, s,": "--keep-s",
    "number of calls at the same time": "--max-streams",
    "port number": "--port",
    "host address": "--host",
}
"""What a message is about, in its first words; further on they may be part of a file's name."""
JOB_OPTIONS = {
    "must go with the executor ray": "must go with --executor ray",
    "use the executor local": "use --executor local",
    "give it longer without progress": "give it longer by --no-progress-s",
    "with `ray start` on its first node": "with `ray start --head`",
    "name another journal": "name another with --journal",
}
"""Those of every command that can run on several machines, stages of recipes among them."""
OPTIONS = {
    **JOB_OPTIONS,
    "give it a token": "set --token or AVSE_TOKEN",
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


def with_options(message: str, options: Mapping[str, str] = OPTIONS) -> str:
    """A message of the library with options in it: those of the commands, or the given ones of a stage."""
    for words, option in SUBJECTS.items():
        if message.startswith(f"{words} "):
            message = option + message.removeprefix(words)
    for words, option in options.items():
        message = message.replace(words, option)
    return message
