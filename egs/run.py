"""Run the stages of a corpus: `python -m egs.run CORPUS[/NAME] [OPTION...]`, which is what `egs/<corpus>/run.sh` does.

    egs/grid/run.sh                            all stages
    egs/grid/run.sh --stage 2 --stop-stage 4   by number
    egs/grid/run.sh --stages prepare,train     by name

The stages are set by `egs/<corpus>/corpus.toml`, or NAME.toml, whose `stages` names one of `PIPELINES`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from egs.stages import drives, own_labels, recognition, relative_drives, speech, vatt
from egs.stages.command import StageError, run
from egs.stages.options import read_corpus

PIPELINES = {
    "speech": speech,
    "drives": drives,
    "relative_drives": relative_drives,
    "recognition": recognition,
    "own_labels": own_labels,
    "vatt": vatt,
}


def main(argv: Sequence[str]) -> int:
    """Run the chosen stages one after the other; the first program that fails ends them."""
    try:
        if not argv:
            raise StageError("corpus must be named but is not; name a folder of egs")
        corpus, _, name = argv[0].partition("/")
        settings = read_corpus(corpus, name or "corpus")
        stages = PIPELINES.get(settings.get("stages", ""))
        if stages is None:
            raise StageError(f"stages of egs/{argv[0]} must be one of {', '.join(PIPELINES)}; correct it")
        parser = stages.parser_of(corpus, settings)
        parser.prog = f"egs/{corpus}/{name or 'run'}.sh"
        options = parser.read(argv[1:])
        chosen = parser.chosen(options)
        pipeline = stages.pipeline(corpus, settings, options, here=Path.cwd())
        for name in chosen:
            print(f"== {name}", file=sys.stderr, flush=True)
            for command in pipeline.stages[name]():
                run(command, pipeline.environment)
    except StageError as error:
        if str(error):
            print(f"run.sh: error: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
