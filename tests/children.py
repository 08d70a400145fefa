"""Child processes of tests: they end in time, nothing of them lingers, and a failure shows what they printed."""

import subprocess
import time
from contextlib import suppress


def together(commands, *, folder, timeout, env):
    """Run commands at the same time; all must end well within `timeout` seconds. What each printed, in order."""
    logs = [folder / f"child-{number}.txt" for number in range(len(commands))]
    children = []
    try:
        for command, log in zip(commands, logs, strict=True):
            with log.open("w") as file:  # and no pipe: one that nobody reads fills, and its child waits
                children.append(subprocess.Popen(command, env=env, stdout=file, stderr=subprocess.STDOUT))
        deadline = time.monotonic() + timeout
        for child in children:
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
        codes = [child.poll() for child in children]
    finally:
        _stop(children)
    printed = [log.read_text(errors="replace") for log in logs]
    tails = [f"--- {log.name}:\n{text[-4000:]}" for log, text in zip(logs, printed, strict=True)]
    assert codes == [0] * len(commands), "\n".join([f"not all ended with 0 in {timeout} s: {codes}", *tails])
    return printed


def _stop(children):
    """End what still runs: politely first, for launchers then end their own processes."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(60)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
