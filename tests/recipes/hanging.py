"""A function that child processes import by name, and quickly."""

import time


def length_or_hang(text):
    """The length of a text, but for one."""
    while text == "hang":
        time.sleep(1)
    return len(text)
