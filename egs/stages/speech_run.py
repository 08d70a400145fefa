"""One run of the stages of a model that enhances speech: which model, which corpus, and where everything lies."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from avse.models.registry import MODELS
from egs.stages.command import ROOT
from egs.stages.corpus_run import CorpusRun

BENCHMARK = "recipes.speech_benchmark"
"""The package of the programs that every model shares."""


RECIPES = sorted(path.parent.name for path in (ROOT / "recipes").glob("*/train.py"))
"""Every recipe, by the name of its folder, which is also that of its model and of its configuration."""
TITLES = {name: entry.title or name for name, entry in MODELS.items() if entry.enhancer and name in RECIPES}
"""What tables call the models that enhance speech, in their order."""


@dataclass(frozen=True)
class SpeechRun(CorpusRun):
    """One run of the stages: the corpus, the model, and where everything lies."""

    environment: dict[str, str]
    script: str
    """The corpus' own program."""
    exp: Path
    """Folder of all that is made."""
    is_own: bool = False
    """Whether the data are the user's own, so that results stay beside them."""

    @property
    def model(self) -> str:
        """Name of the recipe."""
        return str(self.options.model)

    @property
    def title(self) -> str:
        """Of the model in tables."""
        return TITLES.get(self.model, self.model)

    @property
    def is_causal(self) -> bool:
        """Causal models enhance calls, so they have to bear video that is bad, missing or long."""
        return self.model in MODELS and MODELS[self.model].is_causal

    @property
    def config(self) -> Path:
        """Of the training, by any name."""
        return self.options.config or Path("egs", self.corpus, "conf", f"{self.model}.yaml")

    @property
    def folder(self) -> Path:
        """Of weights, enhanced mixtures and scores."""
        return self.exp / self.config.stem

    @property
    def data(self) -> Path:
        """Root of the data."""
        return Path(self.environment.get("AVSE_DATA", "data"))

    @property
    def mixtures(self) -> Path:
        """List of the fixed mixtures."""
        return self.data / "av/test_mixtures.jsonl"

    @property
    def manifest(self) -> Path:
        """Of all recordings."""
        return self.exp / "manifest.jsonl"

    @property
    def results(self) -> Path:
        """Markdown to write."""
        if self.options.results:
            return Path(self.options.results)
        root = self.exp if self.is_own else Path("egs", self.corpus)
        return root / "experiment/RESULTS.md" if self.options.conf else root / "RESULTS.md"

    @property
    def has_long_videos(self) -> bool:
        """A corpus of test people with several clips each has long videos if its `corpus.toml` says so."""
        return self.is_causal and self.settings.get("long_videos", False) and not self.options.conf

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """Conditions of the video that the model is tested in.

        Only where two sentences of one person are mixed has the noise a video of its own; not every corpus has that.
        """
        if not self.is_causal:
            return ("own", "none")
        has_rivals = '"same_speaker"' in (ROOT / self.mixtures).read_text(encoding="utf-8")
        return ("own", "none", "frozen", "late", "stranger", "covered", *(("rival",) if has_rivals else ()))
