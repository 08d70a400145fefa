"""Put trained weights into the package, with their card: `python -m recipes.speech_benchmark.publish --run FOLDER ...`.

The card's numbers come from the run's records, the manifest and the scores; only its words are written by hand, in
a template beside the corpus.
"""

import argparse
import sys
from pathlib import Path

import jinja2

from avse.data.manifest import read_manifest
from avse.errors import AvseError
from avse.media.output import atomic_write
from avse.models import zoo
from avse.models.export import export, has_graphs
from avse.models.pretrained import card_of, folder_of
from avse.models.registry import Model
from avse.report.document import markdown_table
from recipes.speech_benchmark.mixture_scores import SPLITS, Results, read_results, run_lines, short_table


def render_card(template: Path, *, run: Path, manifest: Path, results: Results, model: Model) -> str:
    """Fill a card's template.

    Args:
        template: Jinja text.
        run: folder of the training run.
        manifest: of all recordings.
        results: scores on the fixed mixtures.
        model: the trained model.
    """
    train = [item for item in read_manifest(manifest) if item.split == "train"]
    faces = [item for item in train if item.video]
    speech = [item for item in train if item.is_speech and not item.video]
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        n_faces=len(faces),
        n_people=len({item.speaker for item in faces}),
        n_speech=len(speech),
        n_noise=sum(not item.is_speech for item in train),
        n_parameters=f"{zoo.count_parameters(model):,}",
        training=markdown_table(run_lines(run)),
        scores={split: markdown_table(short_table(results, split)) for split in SPLITS},
        n_mixtures=len(results.mixtures),
    )


def main(argv: list[str] | None = None) -> int:
    """Write the weights as float16 and the card beside them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the training run")
    parser.add_argument("--card", type=Path, required=True, help="the card's template")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--mixtures", type=Path, required=True, help="list of fixed mixtures")
    parser.add_argument("--system", action="append", required=True, help="NAME=SCORES.jsonl, as of the results stage")
    arguments = parser.parse_args(argv)
    try:
        model = zoo.load(str(arguments.run / "model.safetensors"))
        results = read_results(arguments.mixtures, arguments.system, None)
        card = render_card(arguments.card, run=arguments.run, manifest=arguments.manifest, results=results, model=model)
        weights = folder_of(model.name) / f"{model.name}.safetensors"
        zoo.save(weights, model, half=True)
        # The graphs are made of the weights as they were rounded, so that both ways give the same.
        rounded = zoo.load(str(weights))
        if has_graphs(rounded):
            export(rounded, weights.with_suffix(".onnx"), force=True)
        with atomic_write(card_of(model.name), force=True) as temporary:
            temporary.write_text(card, encoding="utf-8")
    except AvseError as error:
        print(f"publish: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
