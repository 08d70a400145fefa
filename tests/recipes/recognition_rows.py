"""Features of recordings that were never recorded, for tests of what is trained on them."""

import numpy as np

from recipes.recognition.examples import LabelledRecording
from recipes.recognition.features import CLEAN, Features


def informative_rows(n, *, informative):
    rng = np.random.default_rng(1)
    labels = np.arange(n) % 2
    frames = rng.standard_normal((n, 10, 3)) + (2.0 * labels[:, None, None] if informative else 0)
    examples = [LabelledRecording(str(i), __file__, "ab"[k], "p", file_id=str(i)) for i, k in enumerate(labels)]
    rows = [Features(e, {CLEAN: {"x": f.astype(np.float32)}}, ()) for e, f in zip(examples, frames, strict=True)]
    return rows, labels
