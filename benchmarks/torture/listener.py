"""Runs a command that listens, asks it once, and stops it by Ctrl-C: `listener.py PORT PAGE SECONDS COMMAND...`.

It runs beside the command, for a network namespace of its own can be reached from within only. Exit code: that of the
command, or 1 if it did not answer.
"""

import fcntl
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress

LONGEST_S = 300.0
"""Until the command answers."""
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
REQUEST = "16sH"
"""Linux's `ifreq`: a name and flags."""


def loopback_up() -> None:
    """Let this machine reach itself, which a new network namespace does not."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        name, flags = struct.unpack(REQUEST, fcntl.ioctl(asked, SIOCGIFFLAGS, struct.pack(REQUEST, b"lo", 0)))
        if not flags & IFF_UP:
            fcntl.ioctl(asked, SIOCSIFFLAGS, struct.pack(REQUEST, name, flags | IFF_UP))


def answers(address: str) -> bool:
    """True if a page is there."""
    with suppress(OSError), urllib.request.urlopen(address, timeout=60) as response:
        return bool(response.status == 200)
    return False


def main(port: str, page: str, linger_s: str, *command: str) -> int:
    """Run a command until it has answered and some seconds more."""
    loopback_up()
    process = subprocess.Popen(command)
    end_s = time.monotonic() + LONGEST_S
    while not (is_there := answers(f"http://127.0.0.1:{port}{page}")):
        if process.poll() is not None or time.monotonic() > end_s:
            break
        time.sleep(0.2)
    if is_there:
        time.sleep(float(linger_s))
    process.send_signal(signal.SIGINT)
    code = process.wait(LONGEST_S)
    return code if is_there else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
