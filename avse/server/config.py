"""What a server allows."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from avse.errors import InputError
from avse.models.pretrained import DEFAULT_MODEL

POSITIVE = {
    "n_workers": "number of workers",
    "max_queued": "number of files that may wait",
    "max_upload_mb": "size of the largest file, MB,",
    "keep_s": "time that results are kept, s,",
    "no_progress_s": "time without progress, s,",
    "max_streams": "number of calls at the same time",
}
"""Limits that must be above 0, as messages name them."""


@dataclass(frozen=True)
class ServerConfig:
    """Limits and addresses of a server."""

    folder: Path
    """Where uploads and results lie until they are deleted."""
    host: str = "127.0.0.1"
    """Address to listen on; others than this machine's own need a token."""
    port: int = 8117
    """TCP port."""
    token: str | None = None
    """What clients must send as `Authorization: Bearer TOKEN`."""
    model: str = DEFAULT_MODEL
    """Name or file."""
    n_workers: int = 1
    """Files enhanced at the same time."""
    max_queued: int = 100
    """Files that wait; more are refused until some are done."""
    max_upload_mb: float = 2048.0
    """Of a file, MB of 2**20 bytes."""
    keep_s: float = 3600.0
    """A result that nobody has deleted is deleted after so long, s."""
    no_progress_s: float = 600.0
    """A file without progress for so long is given up, s."""
    max_streams: int = 8
    """Calls at the same time; more are refused."""
    max_message_bytes: int = 4 * 2**20
    """Of one message of a stream."""
    stream_idle_s: float = 60.0
    """A stream that sends nothing for so long is closed, s."""

    def __post_init__(self) -> None:
        """Validate.

        Raises:
            InputError: a number is out of range, or everybody could use the server.
        """
        for name, words in POSITIVE.items():
            if not getattr(self, name) > 0:
                raise InputError(f"{words} must be above 0 but is {getattr(self, name):g}; raise it")
        if not 0 <= self.port <= 65535:
            raise InputError(f"port number must be 0 to 65535 but is {self.port}; choose another")
        if not self.token and not is_loopback(self.host):
            raise InputError(
                f"host address {self.host} must go with a token, for others could use the server, but has none; give "
                "it a token, or listen on 127.0.0.1"
            )

    @property
    def max_upload_bytes(self) -> int:
        """Of a file."""
        return round(self.max_upload_mb * 2**20)


def is_loopback(host: str) -> bool:
    """True for addresses that only this machine reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
