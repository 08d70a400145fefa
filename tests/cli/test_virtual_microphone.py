"""The commands of the guide on virtual microphones, on a PulseAudio of the test's own, without devices."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from avse.cli.enhance import main
from avse.signal.delay import delay_samples

GUIDE = Path(__file__).parents[2] / "docs/guides/virtual_microphone.md"
PROGRAMS = ("pulseaudio", "pactl", "paplay", "parec")

pytestmark = pytest.mark.skipif(
    any(shutil.which(program) is None for program in PROGRAMS), reason=f"needs {', '.join(PROGRAMS)} (apt: pulseaudio)"
)


@pytest.fixture
def daemon(tmp_path):
    """A PulseAudio that sees no device and that nobody else uses; its environment."""
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path / "run"), "HOME": str(tmp_path),
                   "PULSE_SERVER": f"unix:{tmp_path}/socket"}  # fmt: skip
    (tmp_path / "run").mkdir(mode=0o700)
    command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disallow-exit",
               "-L", f"module-native-protocol-unix socket={tmp_path}/socket auth-anonymous=1"]  # fmt: skip
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until_s = time.monotonic() + 20
        while subprocess.run(["pactl", "info"], env=environment, capture_output=True, check=False).returncode:
            if process.poll() is not None or time.monotonic() > until_s:
                pytest.skip("PulseAudio does not start here")
            time.sleep(0.2)
        yield environment
    finally:
        process.terminate()
        process.wait(timeout=10)


def test_what_is_played_to_the_sink_comes_out_of_the_microphone(daemon, media, tmp_path):
    commands = re.findall(r"^\$ (pactl load-module .+)$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        subprocess.run(command, shell=True, env=daemon, check=True, capture_output=True)
    sources = subprocess.run(
        ["pactl", "list", "short", "sources"], env=daemon, check=True, capture_output=True, text=True
    )
    assert "avse_microphone" in sources.stdout

    clean = tmp_path / "clean.wav"
    assert main([str(media / "noisy.wav"), "-o", str(clean)]) == 0
    enhanced, rate = soundfile.read(clean, dtype="float32")
    raw = tmp_path / "heard.raw"
    with raw.open("wb") as file:
        recorder = subprocess.Popen(
            ["parec", "--device=avse_microphone", f"--rate={rate}", "--channels=1", "--format=float32le"],
            env=daemon, stdout=file,
        )  # fmt: skip
        try:
            time.sleep(0.5)
            subprocess.run(["paplay", "--device=avse", str(clean)], env=daemon, check=True, timeout=60)
            time.sleep(0.5)
        finally:
            recorder.terminate()
            recorder.wait(timeout=10)
    given = np.frombuffer(raw.read_bytes()[: raw.stat().st_size // 4 * 4], np.float32)
    assert len(given) > len(enhanced) / 2
    # The recorder begins when it likes: compare from where the speech is in it.
    correlation = np.correlate(given, enhanced[: 2 * rate], mode="full")
    start = int(np.abs(correlation).argmax()) - (2 * rate - 1)
    stretch = given[max(0, start) : max(0, start) + 2 * rate]
    own = enhanced[max(0, -start) : max(0, -start) + len(stretch)]
    stretch = stretch[: len(own)]
    assert np.corrcoef(stretch, own)[0, 1] > 0.95
    assert delay_samples(own, stretch, sample_rate=rate) == 0
