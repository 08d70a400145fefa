"""A script for OBS Studio (Tools, Scripts): `avse-live` runs as long as OBS does, into a virtual microphone."""

import shlex
import subprocess

try:
    import obspython as obs
except ImportError:  # outside of OBS, for tests
    obs = None

_running = []
"""The process, while there is one."""
_settings = {"command": "avse-live", "loudspeaker": "avse", "camera": -1}


def script_description():
    """What OBS shows."""
    return "Runs avse-live while OBS is open. Choose the virtual microphone as an audio source, and mute the real one."


def script_properties():
    """Fields of the settings."""
    properties = obs.obs_properties_create()
    obs.obs_properties_add_text(properties, "command", "Command", obs.OBS_TEXT_DEFAULT)
    obs.obs_properties_add_text(properties, "loudspeaker", "Virtual device", obs.OBS_TEXT_DEFAULT)
    obs.obs_properties_add_int(properties, "camera", "Camera (-1: none)", -1, 16, 1)
    return properties


def script_defaults(settings):
    """Their first values."""
    obs.obs_data_set_default_string(settings, "command", _settings["command"])
    obs.obs_data_set_default_string(settings, "loudspeaker", _settings["loudspeaker"])
    obs.obs_data_set_default_int(settings, "camera", _settings["camera"])


def script_update(settings):
    """Start, or start again with other settings."""
    _settings.update(
        command=obs.obs_data_get_string(settings, "command"),
        loudspeaker=obs.obs_data_get_string(settings, "loudspeaker"),
        camera=obs.obs_data_get_int(settings, "camera"),
    )
    stop()
    start()


def script_unload():
    """OBS ends."""
    stop()


def arguments():
    """The command line that the settings ask for."""
    camera = ["--no-camera"] if _settings["camera"] < 0 else ["--camera", str(_settings["camera"])]
    return [*shlex.split(_settings["command"]), "--quiet", "--loudspeaker", _settings["loudspeaker"], *camera]


def start():
    """Run `avse-live`."""
    _running.append(subprocess.Popen(arguments(), stdin=subprocess.DEVNULL))


def stop():
    """End it, if it runs."""
    while _running:
        process = _running.pop()
        process.terminate()
        process.wait(timeout=5)
