"""The command `avse-faces`: who is in a video, where, and who speaks."""

import argparse
import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avse.cli.command import add_verbosity, as_usage, log, run, say
from avse.cli.parser import CommandParser

if TYPE_CHECKING:
    from avse.faces.speaker import People, Selection

EPILOG = """examples:
  avse-faces talk.mp4                                    list the faces
  avse-faces talk.mp4 --sheet faces.png --preview p.mp4  images of them, and a video with boxes
  avse-faces talk.mp4 --speaker photo.jpg --json         which face is the person in a photograph
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        0 done, 1 the video cannot be read or there is no such face, 2 wrong usage.
    """
    return run(_parser(), _faces, argv)


def _faces(options: argparse.Namespace) -> int:
    with as_usage():
        from avse.cli.enhance_jobs import check_offset_ms
        from avse.faces.choice import read_choice
        from avse.faces.detectors import load_detector
        from avse.media.output import check_output

        check_offset_ms(options.offset_ms)
        choice, detector = read_choice(options.speaker), load_detector(options.detector)
        for path in (options.sheet, options.preview):
            if path is not None:
                check_output(path, force=options.force)
    people, selection, warnings = _look(options, choice, detector)
    _write_images(options, people)
    for warning in warnings:
        log.warning("%s", warning)
    say(json.dumps(as_json(selection), indent=1) if options.json else as_text(selection))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="avse-faces",
        description="List the faces in a video, and whose mouth moves with the audio.",
        epilog=EPILOG,
    )
    add = parser.add_argument
    add("video", type=Path, help="video file")
    add("--audio", type=Path, help="audio file in time with the video (default: the video's own audio)")
    add("--speaker", default="auto", help="which face to choose: auto, largest, left, right, top, bottom, top-left and "
        "the like, a number, x,y as shares of the frame, or a photograph (default: auto)")  # fmt: skip
    add("--offset-ms", type=float, default=0.0, help="how late the video comes after the audio (default: 0)")
    add("--detector", default="auto", metavar="NAME_OR_FILE", help="cascade, blazeface, auto, or YuNet's ONNX or "
        "BlazeFace's TFLite file (default: auto)")  # fmt: skip
    add("--sheet", type=Path, metavar="PNG", help="write a contact sheet of the faces")
    add("--preview", type=Path, metavar="MP4", help="write a video with a box and an index at each face")
    add("--force", action="store_true", help="replace files that exist")
    add("--json", action="store_true", help="print the faces as JSON")
    add_verbosity(parser)
    return parser


def _look(options: argparse.Namespace, choice: Any, detector: Any) -> "tuple[People, Selection, list[str]]":
    from avse.enhance.sync import with_offsets
    from avse.enhance.watch import View, listen, people_in_view
    from avse.faces.choice import read_photograph
    from avse.faces.speaker import choose
    from avse.media.probe import probe

    photograph = read_photograph(choice.photograph, detector) if choice.photograph else None
    probed = probe(options.video)
    audio = options.audio or (options.video if probed.has_video and probed.n_audio_tracks else None)
    listened = listen(audio) if audio else None
    view = View(options.video, (32, 48), detector=detector, offset_s=options.offset_ms / 1000, probed=probed)
    people, warnings = people_in_view(view, listened)
    if listened is not None and people.faces:
        people = with_offsets(people, listened.scorer)
    if listened is None:
        warnings.append(f"{options.video.name} has no audio: who speaks is not known")
    return people, choose(people, choice, photograph=photograph), [*(listened.warnings if listened else ()), *warnings]


def _write_images(options: argparse.Namespace, people: "People") -> None:
    """The contact sheet and the preview, in one more decoding of the video."""
    if options.sheet is None and options.preview is None:
        return
    from avse.enhance.watch import MAX_HEIGHT
    from avse.faces.contact_sheet import ContactSheet, write_image, write_preview
    from avse.media.video import VideoReader

    sheet = ContactSheet(people)
    with ExitStack() as stack:
        reader = stack.enter_context(VideoReader(options.video, max_height=MAX_HEIGHT))

        def frames() -> Any:
            for frame in reader.frames():
                sheet.push(frame.time_s, frame.image)
                yield frame

        if options.preview is not None:
            write_preview(options.preview, frames(), people, fps=reader.info.fps or 25.0, force=options.force)
        else:
            for _ in frames():
                pass
    if options.sheet is not None:
        write_image(options.sheet, sheet.draw(), force=options.force)


def as_json(selection: "Selection") -> dict[str, Any]:
    """The faces for machines: centres and widths as shares of the frame; `offset_ms` null where it is unknown."""
    report = selection.report
    names = ("index", "x", "y", "width", "seen_share", "speaking_share", "offset_ms", "confidence")
    return {"faces": [{name: getattr(face, name) for name in names} for face in report.faces],
            "chosen": report.chosen_index}  # fmt: skip


def as_text(selection: "Selection") -> str:
    """The faces for people: one line each, and which one is chosen."""
    report, lines = selection.report, []
    if report.faces:
        lines.append("face  position             x     y  width  seen speaks         sync confidence")
    for face in report.faces:
        speaks = "-" if face.speaking_share is None else f"{100 * face.speaking_share:.0f} %"
        sync = "unknown" if face.offset_ms is None else f"{face.offset_ms:+.0f} ms"
        lines.append(f"{face.index:4}  {face.position or 'only one':16} {face.x:5.2f} {face.y:5.2f} {face.width:6.2f} "
                     f"{100 * face.seen_share:3.0f} % {speaks:>6} {sync:>12} {face.confidence:10.2f}")  # fmt: skip
    if report.n_stills:
        stills = f"{report.n_stills} more face{'s' if report.n_stills > 1 else ''}"
        lines.append(f"{stills} never moved: photographs, posters or frozen video, not to be chosen")
    return "\n".join([*lines, f"chosen: {report.chosen}"])


if __name__ == "__main__":
    raise SystemExit(main())
