"""What the core install leaves to extras, and the one line that says so where it is needed."""

from importlib.util import find_spec

from avse.errors import MissingExtraError

MODULES = {
    "completion": ("shtab",),
    "demo": ("fastapi", "gradio", "matplotlib", "uvicorn"),
    "export": ("onnx", "safetensors", "torch"),
    "report": ("jinja2", "matplotlib"),
    "torch": ("safetensors", "torch"),
    "train": ("jsonargparse", "lightning_fabric", "yaml", "safetensors", "torch"),
}
"""Modules that an extra of pyproject.toml installs and that are imported without it in mind."""


def require(extra: str, *, thing: str) -> None:
    """Validate that an extra is installed; none of its modules is imported.

    Args:
        extra: one of `MODULES`.
        thing: what needs it, the subject of the message.

    Raises:
        MissingExtraError: a module of it is missing.
    """
    missing = [name for name in MODULES[extra] if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"{thing} needs {' and '.join(missing)}, which the core install skips; run: pip install 'avse[{extra}]'"
        )
