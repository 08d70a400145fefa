"""Workers of the tests, which child processes import by name."""

import os
import signal
import sys
import time
from pathlib import Path

from avse.errors import InputError
from avse.jobs.call import report_progress


class Doubler:
    """Doubles a number, and does what the payload asks for besides."""

    def __init__(self, offset=0):
        self.offset, self.n_jobs = offset, 0

    def __call__(self, payload, report):
        self.n_jobs += 1
        once = Path(payload.get("once", "/nonexistent"))
        if "die" in payload or ("once" in payload and not once.exists()):
            once.parent.is_dir() and once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if payload.get("hang"):
            time.sleep(60)
        for _ in range(payload.get("slow_steps", 0)):
            time.sleep(0.3)
            report("work", 0, 1)
        if payload.get("fail"):
            raise InputError("the number must be even but is not; choose another")
        if payload.get("break"):
            raise RuntimeError("a decoder\nfails")
        if "write" in payload:
            Path(payload["write"]).write_text(str(payload["n"]))
        sys.stdout.write("libraries print what they like\n")
        return {"n": 2 * payload["n"] + self.offset, "pid": os.getpid(), "n_jobs": self.n_jobs}


def doubler(offset=0):
    """Make one."""
    return Doubler(offset)


def broken():
    """Cannot be made."""
    raise InputError("model must exist but does not; name another")


def steps(n):
    """Work for some seconds, of which the executor hears."""
    for number in range(n):
        time.sleep(1)
        report_progress("work", number, n)
    return n
