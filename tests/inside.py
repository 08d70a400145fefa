"""Programs and the stages of a corpus inside the test's own process, which has imported already what they import.

Each program's module runs as `__main__`, as `python -m` runs it, so all but the start of Python is as it is for users.
"""

import contextlib
import io
import os
import runpy
import subprocess
import sys
import warnings
from pathlib import Path
from unittest import mock

from avse import workers
from egs import run as runner
from egs.stages import command as stages_command

ROOT = Path(__file__).parents[1]
RUN_MODULE = workers.run_module


def run_program(program, *options, environment=None):
    """Run a module, or a script's path from the root of the repository; the finished "process"."""
    words = [str(program), *map(str, options)]
    with mock.patch.object(workers, "run_module", _run_module), _printed() as (out, err):
        code = _execute(words, environment)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def run_stages(corpus, *options, environment=None, cwd=ROOT):
    """Run `egs/<corpus>/run.sh` from a folder; the finished "process", with what the programs printed."""
    words = [corpus, *map(str, options)]

    def run(command, environment):
        def execute(_, *, env, **__):
            return subprocess.CompletedProcess(words, _execute([command.program, *command.options], env))

        with mock.patch.object(stages_command, "subprocess", mock.Mock(run=execute)):
            stages_command.run(command, environment)

    inside = mock.patch.object(runner, "run", run), mock.patch.object(workers, "run_module", _run_module)
    with _environment(environment), contextlib.chdir(cwd), inside[0], inside[1], _printed() as (out, err):
        code = _code_of(lambda: runner.main(words))
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def _run_module(name, *arguments, **options):
    """In place of `avse.workers.run_module`: a training that a program starts, whose words go to a file of its own."""
    if options.get("stderr") is not subprocess.STDOUT:
        return RUN_MODULE(name, *arguments, **options)
    with contextlib.redirect_stdout(options["stdout"]), contextlib.redirect_stderr(options["stdout"]):
        code = _execute([name, *arguments], {**os.environ, **options.get("env", {})})
    return subprocess.CompletedProcess([name, *arguments], code)


def _execute(words, environment):
    """The exit code of a program, run from the root of the repository."""
    program, *options = words
    is_script = program.endswith(".py")

    def run():
        if is_script:
            runpy.run_path(str(ROOT / program), run_name="__main__")
        else:
            runpy.run_module(program, run_name="__main__", alter_sys=True)

    argv = mock.patch.object(sys, "argv", [str(ROOT / program) if is_script else program, *options])
    # A program's warnings are for its user; and runpy has one of its own, for modules that are imported already.
    with _environment(environment), contextlib.chdir(ROOT), argv, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _code_of(run)


def _environment(environment):
    return mock.patch.dict(os.environ, environment or {}, clear=environment is not None)


@contextlib.contextmanager
def _printed():
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
    ):
        yield out, err


def _code_of(run):
    try:
        return run() or 0
    except SystemExit as stopped:
        return stopped.code or 0
