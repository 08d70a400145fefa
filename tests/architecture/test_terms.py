"""The project writes the field's words: none of the private ones that they replaced."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORDS = re.compile(
    r"(?<![A-Za-z])("
    r"pictures?|films?|anew|told|verdicts?|goals?|go\(es\)|gone on with|by heart|made[- ]up|sound[- ](alone|only)"
    r"|reading.ahead|mean weights|most common level|one may be lucky|first one writes|make sure that|house rules"
    r"|looked at|left out|unknown (speakers?|drivers?|voices?|talkers?)|features by hand"
    r"|guess(es|ed)?|go(es)?[ _]on|convolutions? of depth|(people|drivers|speakers|they) do not exist"
    r"|def _?(see|hear)|(said|heard) =|is said (by|to)|that is said(?=[.,;])|lucky|luck|sounds? finds?"
    r"|spread =|spreads? of|spread again|all ratios|ratios =|chosen ratio|not reached|\| reached \||score sheets?"
    r"|lines of scores|initial_memory|memory_dim|for place, \w+ in enumerate|place: int|place in (?=`)"
    r"|beside first|beside and renamed|beside (its|their|the) place"
    r")(?![A-Za-z])",
    re.IGNORECASE,
)
MEANT = (
    (
        r"avse/media/old_names\.py|tests/unit/media/test_old_names\.py|tests/architecture/test_terms\.py",
        r".*",
    ),  # old files
    (r"(avse|tests/unit)/corpora/(test_)?pieces\.py", r'"film"|say "film"'),  # likewise
    (r"avse/clips/captions\.py|tests/unit/clips/test_captions\.py", r"`film\.en\.vtt`"),  # a user's file
    (r"avse/cli/embed\.py|tests/recipes/test_embed_command\.py", r'"--picture"|"--sound"'),  # options that still work
    (r"avse/media/tags\.py|avse/media/remux\.py|tests/.*", r"METADATA_BLOCK_PICTURE|attached.pic"),  # of FLAC and Ogg
    (r"(avse|tests/unit)/corpora/(test_)?split\.py", r"unknown"),  # whose identity nobody knows
    (r"avse/demo/page_session\.py", r"Nobody can guess its name"),
    (r".*attribution\.md", r".*"),  # titles that people gave to their recordings
)
"""Places where a word is meant: the path and the text of the line, both by a pattern."""
PLACES = ("avse", "recipes", "egs", "docs", "tests", "README.md")
TEXT = {".py", ".md", ".sh", ".yaml", ".yml", ".toml", ".j2", ".ipynb"}


def _lines():
    listed = subprocess.run(["git", "ls-files", *PLACES], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        path = ROOT / name
        if path.suffix in TEXT and path.is_file():
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                yield name, number, line


def test_no_line_has_a_word_that_the_field_does_not_use():
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, number, line in _lines()
        if WORDS.search(line) and not any(re.fullmatch(path, name) and re.search(text, line) for path, text in MEANT)
    ]
    assert not found, "\n".join(found)


def test_the_words_are_found():
    for line in ("a picture", "n_pictures", "test_two_films_are_too_few", "is told", "by sound alone", "3 go(es)",
                 "def _hear(self)", "    heard = 1", "it goes on", "convolution of depth", "these people do not exist",
                 "Place in `LEVELS`."):  # fmt: skip
        assert WORDS.search(line), line
    for line in ("pictured", "filming", "a target", "METADATA", "def hearing(", "go one way", "what is said."):
        assert not WORDS.search(line), line
