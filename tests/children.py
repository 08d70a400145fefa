"""Child processes of tests: they end in time, nothing of them lingers, and a failure shows what they printed."""

import subprocess
import time
from contextlib import contextmanager, suppress


def together(commands, *, folder, timeout, envs):
    """Run commands at the same time, each in its environment; all must end well within `timeout` seconds.

    Returns:
        The finished processes, in order.
    """
    logs = [[folder / f"child-{number}-{name}.txt" for name in ("out", "err")] for number in range(len(commands))]
    children = []
    try:
        for command, (out, err), env in zip(commands, logs, envs, strict=True):
            with out.open("w") as stdout, err.open("w") as stderr:  # no pipe: one that nobody reads fills and blocks
                children.append(subprocess.Popen(command, env=env, stdout=stdout, stderr=stderr))
        deadline = time.monotonic() + timeout
        for child in children:
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
        codes = [child.poll() for child in children]
    finally:
        _stop(children)
    printed = [[log.read_text(errors="replace") for log in pair] for pair in logs]
    tails = [f"--- stderr of child {number}:\n{err[-4000:]}" for number, (_, err) in enumerate(printed)]
    assert codes == [0] * len(commands), "\n".join([f"not all ended with 0 in {timeout} s: {codes}", *tails])
    return [
        subprocess.CompletedProcess(command, code, out, err)
        for command, code, (out, err) in zip(commands, codes, printed, strict=True)
    ]


@contextmanager
def at_most(cpu_s):
    """Children that end in here take no more processor time; wall clocks tell of what else the machine does."""
    try:
        import resource
    except ImportError:  # Windows
        yield
        return
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    yield
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < cpu_s


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
