"""Screenshots for the documentation, written only where `AVSE_SCREENSHOTS` is set."""

import io
import os
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs" / "images"
MAX_BYTES = 150_000


def shoot(page, name):
    """Write the whole page as a small file of the documentation."""
    if not os.environ.get("AVSE_SCREENSHOTS"):
        return
    from PIL import Image

    image = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    path = DOCS / name
    path.parent.mkdir(exist_ok=True)
    image.save(path, quality=75, method=6)
    assert path.stat().st_size < MAX_BYTES, path
