"""The command `avse-live`: microphone and camera in, clean speech out while it is spoken."""

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avse.cli.command import add_verbosity, as_usage, run, say
from avse.cli.config_file import add_config
from avse.cli.parser import CommandParser
from avse.models.pretrained import DEFAULT_MODEL

if TYPE_CHECKING:
    from avse.live.session import LiveSession, LiveState

EPILOG = """examples:
  avse-live                                          microphone and camera, to the headphones, until Ctrl-C
  avse-live -o clean.wav --no-play                   recorded and not played
  avse-live --simulate talk.mp4 -o clean.wav         a video as if it were happening now; tells how late the audio comes
"""
SHOW_EVERY_S = 0.5


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        0 done, also by Ctrl-C; 1 something failed on the way, what was enhanced until then is kept; 2 wrong usage, or
        a file, device or model that cannot be opened.
    """
    return run(_parser(), _live, argv)


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="avse-live",
        description="Make speech clean while it is spoken, with the help of the camera.",
        epilog=EPILOG,
    )
    add = parser.add_argument
    add("-o", "--output", type=Path, help="audio file to record the clean speech into")
    add("--no-play", action="store_true", help="do not play it")
    add("--simulate", type=Path, metavar="FILE", help="take a video or audio file for the microphone, at its own pace; "
        "nothing is played")  # fmt: skip
    add("--video", type=Path, help="with --simulate: video for the camera (default: the file's own video)")
    add("--microphone", help="number or name (default: the system's)")
    add("--loudspeaker", help="number or name (default: the system's)")
    add("--camera", type=int, default=0, help="number (default 0)")
    add("--no-camera", action="store_true", help="enhance audio-only")
    add("--list-devices", action="store_true", help="show microphones and loudspeakers")
    add("--sample-rate", type=int, default=48000, help="Hz of the microphone (default 48000)")
    add("--speaker", default="largest", help="largest, left or right of the faces (default largest)")
    add("--model", default=None, help=f"a causal model: name, weights or .onnx file (default: {DEFAULT_MODEL})")
    add("--mix", type=float, default=1.0, help="0 = input, 1 = enhanced (default 1)")
    add("--atten-lim-db", type=float, help="lower noise by at most this much")
    add("--offset-ms", type=float, default=0.0, help="how late the camera comes after the microphone")
    add("--duration-s", type=float, help="stop after so long")
    add("--force", action="store_true", help="replace files that exist")
    add("--json", action="store_true", help="the result as JSON on standard output")
    add_config(parser)
    add_verbosity(parser)
    return parser


def _live(options: argparse.Namespace) -> int:
    if options.list_devices:
        from avse.live.device import load_sounddevice

        with as_usage():
            say(load_sounddevice().query_devices())
        return 0
    session, error = _run(options)
    if error is not None:
        raise error
    _report(session.state, as_json=options.json)
    return 0


def _run(options: argparse.Namespace) -> "tuple[LiveSession, Exception | None]":
    """The session when it is over and its files are written, and what ended it if that was an error."""
    from avse.enhance.enhancer import Enhancer
    from avse.enhance.stream import Mixing
    from avse.live.session import LiveSession
    from avse.live.stream import StreamingEnhancer
    from avse.media.audio import AudioWriter

    ended: list[LiveSession] = []
    failed: Exception | None = None
    with contextlib.ExitStack() as stack:
        opening = stack.enter_context(contextlib.ExitStack())
        opening.enter_context(as_usage())
        _check(options)
        mixing = Mixing(mix=options.mix, attenuation_limit_db=options.atten_lim_db)
        enhancer = Enhancer.load(options.model or DEFAULT_MODEL)
        audio = stack.enter_context(_audio(options, stopped=lambda: bool(ended) and ended[0].stopped()))
        streaming = StreamingEnhancer(
            enhancer,
            sample_rate=audio.sample_rate,
            n_channels=audio.n_channels,
            speaker=options.speaker,
            mixing=mixing,
            offset_s=options.offset_ms / 1000,
        )
        form = {"sample_rate": audio.sample_rate, "n_channels": audio.n_channels}
        sinks: list[Any] = []
        if options.output:
            sinks.append(stack.enter_context(AudioWriter(options.output, **form, force=options.force)))
        if not options.simulate and not options.no_play:
            from avse.live.device import Loudspeaker

            sinks.append(stack.enter_context(Loudspeaker(_device(options.loudspeaker), **form)))
        session = LiveSession(streaming, audio=audio, sinks=sinks)
        ended.append(session)
        show = _status_line(session, until_s=options.duration_s, quiet=options.json or options.quiet)
        video_frames = _video_frames(options, session)
        opening.close()
        try:
            with contextlib.suppress(KeyboardInterrupt):
                session.run(video_frames, show=show)
        except Exception as error:  # noqa: BLE001 - raised again when the recording is written
            failed = error
    return session, failed


def _check(options: argparse.Namespace) -> None:
    from avse.cli.enhance_jobs import check_offset_ms
    from avse.errors import InputError
    from avse.media.output import check_output

    if options.video and not options.simulate:
        raise InputError("--video must stand with --simulate but does not; live video comes from --camera")
    check_offset_ms(options.offset_ms)
    if not 1000 <= options.sample_rate <= 768_000:
        raise InputError(f"--sample-rate must be 1000 to 768000 Hz but is {options.sample_rate}; correct it")
    if options.duration_s is not None and not options.duration_s > 0:
        raise InputError(f"--duration-s must be above 0 but is {options.duration_s:g}; give the seconds to run")
    if not options.simulate and options.no_play and not options.output:
        raise InputError("the speech must go somewhere but is neither played nor recorded; give -o FILE")
    if options.output:
        check_output(options.output, force=options.force)


def _audio(options: argparse.Namespace, *, stopped: Callable[[], bool]) -> Any:
    from avse.live.device import FileAudio, Microphone

    if options.simulate:
        return FileAudio(options.simulate)
    return Microphone(_device(options.microphone), sample_rate=options.sample_rate, stopped=stopped)


def _video_frames(options: argparse.Namespace, session: "LiveSession") -> "Iterator[Any] | None":
    from avse.live.camera import camera_frames, file_frames
    from avse.media.video import has_video

    if options.no_camera:
        return None
    if options.simulate:
        video = options.video or (options.simulate if has_video(options.simulate) else None)
        return file_frames(video, now_s=session.now_s, max_height=480) if video else None
    return camera_frames(options.camera, now_s=session.now_s, stopped=session.stopped)


def _device(given: str | None) -> int | str | None:
    return int(given) if given is not None and given.isdigit() else given


def _status_line(session: "LiveSession", *, until_s: float | None, quiet: bool) -> "Callable[[LiveState], None]":
    shown_s = -SHOW_EVERY_S

    def show(state: "LiveState") -> None:
        nonlocal shown_s
        if until_s is not None and state.duration_s >= until_s:
            session.stop()
        if not quiet and state.duration_s - shown_s >= SHOW_EVERY_S:
            shown_s = state.duration_s
            line = (
                f"{state.duration_s:6.1f} s  in {state.input_db:5.0f} dB  out {state.output_db:5.0f} dB  "
                f"latency {state.latency_ms():4.0f} ms  real-time factor {state.real_time_factor:.3f}  {state.face:13s}"
            )
            print(f"\r{line}", end="", file=sys.stderr, flush=True)

    return show


def _report(state: "LiveState", *, as_json: bool) -> None:
    if as_json:
        say(json.dumps({
            "duration_s": round(state.duration_s, 3),
            "latency_ms": {"median": round(state.latency_ms(), 1), "p95": round(state.latency_ms(95), 1),
                           "largest": round(state.latency_ms(100), 1)},
            "real_time_factor": round(state.real_time_factor, 4),
            "n_video_frames": state.n_video_frames,
            "n_skipped_video_frames": state.n_skipped_video_frames,
        }))  # fmt: skip
        return
    latency = f"latency {state.latency_ms():.0f} ms (95 % below {state.latency_ms(95):.0f} ms)"
    say(
        f"\n{state.duration_s:.1f} s enhanced; {latency}; real-time factor {state.real_time_factor:.3f}; "
        f"{state.n_video_frames} video frames processed, {state.n_skipped_video_frames} skipped"
    )


if __name__ == "__main__":
    sys.exit(main())
