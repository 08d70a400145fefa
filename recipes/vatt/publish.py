"""Write a VATT's weights and their card: `python -m recipes.vatt.publish --run FOLDER --manifest FILE --output FOLDER`.

The card's numbers come from the run's records, the manifest and the scores of the evaluation stage; only its words are
written by hand, in `card.md.j2`.
"""

import argparse
import sys
from pathlib import Path

import jinja2

from avse.data.manifest import read_manifest
from avse.errors import AvseError, ConfigError
from avse.media.output import atomic_write
from avse.models import zoo
from avse.models.vatt import VATT
from avse.report.document import markdown_table
from recipes import result_file
from recipes.speech_benchmark.mixture_scores import run_lines
from recipes.vatt.result_tables import probe_lines, read_scores, retrieval_lines

CARD = Path(__file__).with_name("card.md.j2")


def render(model: VATT, *, run: Path, manifest: Path) -> str:
    """The card.

    Args:
        model: the trained network.
        run: folder of its training, with scores.json and scores_unseen.json.
        manifest: of all recordings.

    Raises:
        ConfigError: the run has not been scored.
    """
    items = [item for item in read_manifest(manifest) if item.split == "train"]
    faces = [item for item in items if item.video]
    has_noises = bool(result_file.read_config(run)["augment"]["noises"])
    noises = [item for item in items if not item.is_speech] if has_noises else []
    seen, unseen = (read_scores(run / name) for name in ("scores.json", "scores_unseen.json"))
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(CARD.read_text(encoding="utf-8")).render(
        n_parameters=f"{zoo.count_parameters(model):,}",
        config=model.config,
        n_faces=len(faces),
        n_people=len({item.speaker for item in faces}),
        n_noises=len(noises),
        credits=sorted({item.attribution or item.licence for item in [*faces, *noises]}),
        training=markdown_table(run_lines(run)),
        retrieval=markdown_table(retrieval_lines(seen)),
        unseen_retrieval=markdown_table(retrieval_lines(unseen)),
        probes=markdown_table(probe_lines(seen)),
        unseen_probes=markdown_table(probe_lines(unseen)),
    )


def main(argv: list[str] | None = None) -> int:
    """Write the weights as float16 and the card beside them."""
    parser = argparse.ArgumentParser(prog="python -m recipes.vatt.publish", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the training, scored")
    parser.add_argument("--manifest", type=Path, required=True, help="of all recordings")
    parser.add_argument("--output", type=Path, required=True, help="folder, of a package of weights for example")
    arguments = parser.parse_args(argv)
    try:
        model = zoo.load_as(VATT, arguments.run / "model.safetensors")
        card = render(model, run=arguments.run, manifest=arguments.manifest)
        arguments.output.mkdir(parents=True, exist_ok=True)
        zoo.save(arguments.output / "vatt.safetensors", model, half=True)
        with atomic_write(arguments.output / "vatt.md", force=True) as temporary:
            temporary.write_text(card, encoding="utf-8")
    except AvseError as error:
        print(f"publish: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
