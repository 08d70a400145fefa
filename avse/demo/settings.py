"""What the page allows, and where it is served."""

from dataclasses import dataclass

from avse.errors import InputError

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class DemoSettings:
    """Limits and address of the page."""

    host: str = LOOPBACK
    """Address to listen at; by default no other machine can reach the page."""
    port: int = 7860
    """TCP port; 0 takes a free one."""
    max_upload_mb: int = 500
    """Largest file that is taken, megabytes."""
    max_duration_s: float = 600.0
    """Longest recording that is enhanced, seconds."""
    max_waiting: int = 20
    """Users that may wait in the queue; one recording is enhanced at a time."""
    max_live: int = 2
    """Live calls at the same time."""
    max_live_s: float = 1800.0
    """Longest live call, seconds."""
    max_idle_s: float = 3600.0
    """Files of a user are deleted after this time without a request, or when the page is closed, seconds."""
    model: str | None = None
    """Name or file of the model; None takes the default one."""
    detector: str = "auto"
    """Finds faces: see `avse.faces.detectors.load_detector`."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 <= self.port <= 65535:
            raise InputError(f"port must be 0 to 65535 but is {self.port}; choose another one")
        for name in ("max_upload_mb", "max_duration_s"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be above 0 but is {getattr(self, name):g}; choose a larger one")
