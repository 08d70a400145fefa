"""The OBS script, outside of OBS: its command line is one that `avse-live` takes, and what it starts it ends."""

import importlib.util
import sys
from pathlib import Path

import pytest

from avse.cli.live import _parser

SCRIPT = Path(__file__).parents[2] / "docs/guides/obs_avse.py"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("obs_avse", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("camera", "no_camera"), [(-1, True), (2, False)])
def test_the_command_line_is_understood(script, camera, no_camera):
    script._settings.update(camera=camera, loudspeaker="avse sink")
    command, *arguments = script.arguments()
    assert command == "avse-live"
    options = _parser().parse_args(arguments)
    assert (options.no_camera, options.loudspeaker, options.quiet) == (no_camera, "avse sink", True)
    assert no_camera or options.camera == 2


def test_what_it_starts_it_ends(script):
    script._settings["command"] = f"{sys.executable} -c 'import time; time.sleep(60)'"
    script.start()
    (process,) = script._running
    assert process.poll() is None
    script.stop()
    assert process.poll() is not None
    script.stop()
