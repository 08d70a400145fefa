"""The page's layout in Gradio, and what its buttons do."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import gradio as gr

from avse.demo.enhancement import Wish, enhance
from avse.demo.found import AUTO, Found, find
from avse.demo.page_session import CancelledError, Session, Sessions
from avse.demo.player import player_value
from avse.demo.scores import HEADINGS, score_rows
from avse.demo.settings import DemoSettings
from avse.demo.upload import keep, take_upload, words_of
from avse.enhance.enhancer import Enhancer
from avse.enhance.loudness import KEEP, read_loudness
from avse.enhance.stream import Mixing
from avse.enhance.watch import Progress
from avse.errors import InputError
from avse.faces.detectors import load_detector

STAGES = {"watch": "finding faces", "enhance": "enhancing"}
HEAVY = "heavy"
"""Events of this kind run one at a time for all users."""
PROGRESS: Any = gr.Progress()
"""Gradio puts the progress of the event in the place of this default."""
NO_LIMIT = "no limit"
NOT_YET = [("drop a video first", AUTO)]


class Page:
    """What the page does; each method is an event of it, and answers every error in one line."""

    def __init__(self, settings: DemoSettings, sessions: Sessions, enhancer: Enhancer) -> None:
        """Set up.

        Args:
            settings: limits.
            sessions: of all open pages.
            enhancer: with its model.
        """
        self.settings, self.sessions, self.enhancer = settings, sessions, enhancer
        self.detector = load_detector(settings.detector)

    def find(self, video: str | None, audio: str | None, request: gr.Request, progress: Any = PROGRESS) -> list[Any]:
        """Find the faces of what was dropped: overview, thumbnails, choices and a message."""
        session = self.sessions.get(_key(request))
        session.found = None
        if not video and not audio:
            return [None, _thumbnails(None), _choices(None), ""]
        try:
            session.check()
            found = self._found(session, video, audio, session.checked(_reporter(progress)))
        except Exception as error:  # noqa: BLE001 - whatever a file does, the user gets one line
            return [None, _thumbnails(None), _choices(None), words_of(error, session.folder)]
        return [found.overview, _thumbnails(found), _choices(found), self._summary(found)]

    def enhance(  # noqa: PLR0913, PLR0917 - Gradio gives one argument for each component
        self, video: str | None, audio: str | None, clean: str | None, speaker: str, mix: float, limit_db: str,
        loudness: str, request: gr.Request, progress: Any = PROGRESS,
    ) -> list[Any]:  # fmt: skip
        """Enhance what was dropped: player, scores and a message."""
        session = self.sessions.get(_key(request))
        report = session.checked(_reporter(progress))
        try:
            session.check()
            mixing = Mixing(mix=mix, attenuation_limit_db=read_limit_db(limit_db))
            wish = Wish(speaker, mixing, read_loudness(str(loudness).strip()))
            found = session.found or self._found(session, video, audio, report)
            shown = enhance(self.enhancer, found, wish, folder=session.new_folder(), progress=report)
            rows: list[list[str]] = []
            notes = [w for one in shown for w in one.result.warnings]
            if clean:
                for one in shown:
                    more, reasons = score_rows(keep(session.folder, Path(clean)), one, noisy=found.upload.audio)
                    rows, notes = rows + more, notes + reasons
            value = player_value(found, shown)
        except CancelledError as error:
            return [gr.skip(), gr.skip(), str(error)]
        except Exception as error:  # noqa: BLE001 - whatever a file does, the user gets one line
            return [None, gr.update(value=[], visible=False), words_of(error, session.folder)]
        seconds, wall_s = found.listened.duration_s, max(one.result.wall_s for one in shown)
        message = "\n".join([f"{seconds:.1f} s enhanced in {wall_s:.1f} s", *notes])
        return [value, gr.update(value=rows, visible=bool(rows)), message]

    def begin(self, request: gr.Request) -> str:
        """Work was asked for, which may wait in the queue: from now on Cancel is meant for it."""
        self.sessions.get(_key(request)).begin()
        return "waiting"

    def cancel(self, request: gr.Request) -> None:
        """Let the work at hand end; it writes the message itself, for answers may overtake each other."""
        self.sessions.get(_key(request)).cancel()

    def choose(self, request: gr.Request, event: gr.SelectData) -> Any:
        """A click on the overview or a thumbnail, as a choice."""
        found = self.sessions.get(_key(request)).found
        if found is None:
            return gr.skip()
        index = event.index
        number = found.face_at(*index) if isinstance(index, list | tuple) else str(int(index) + 1)
        return gr.skip() if number is None else number

    def close(self, request: gr.Request) -> None:
        """The page was closed: delete all of its files."""
        self.sessions.close(_key(request))

    def _found(self, session: Session, video: str | None, audio: str | None, report: Progress) -> Found:
        limit_s = self.settings.max_duration_s
        upload = take_upload(session.folder, video=video, audio=audio, max_duration_s=limit_s)
        crop_size = self.enhancer.model.crop_size
        session.found = find(
            upload, crop_size=crop_size, detector=self.detector, progress=report, max_duration_s=limit_s
        )  # fmt: skip
        return session.found

    def _summary(self, found: Found) -> str:
        n = len(found.thumbnails)
        faces = (
            "audio-only: no video was dropped" if found.people is None else f"{n or 'no'} face{'s' * (n != 1)} found"
        )
        return "\n".join([f"{found.listened.duration_s:.1f} s of audio; {faces}", *found.warnings])


def read_limit_db(text: str) -> float | None:
    """An attenuation limit as it is typed, dB; None for no limit.

    Raises:
        InputError: it is no number.
    """
    if text.strip() == NO_LIMIT:
        return None
    try:
        return float(text)
    except ValueError:
        raise InputError(f"attenuation limit must be a number of dB but is {text[:20]!r}; try 12") from None


def build(page: Page) -> gr.Blocks:
    """Lay the page out.

    Args:
        page: what it does.
    """
    idle_s = int(page.settings.max_idle_s)
    with gr.Blocks(title="avse", analytics_enabled=False, delete_cache=(min(300, idle_s), idle_s)) as blocks:
        gr.Markdown(
            "# avse\nAudio-visual speech enhancement: drop a video, choose whose voice to keep, and compare before and "
            "after. Nothing leaves this machine."
        )
        with gr.Tab("Recording"):
            _recording(page)
        with gr.Tab("Live", elem_id="live-tab"):
            _live()
        blocks.unload(page.close)
    return blocks.queue(max_size=page.settings.max_waiting, default_concurrency_limit=1)


def static(name: str) -> str:
    """The text of a script or style sheet of the page."""
    return files("avse.demo").joinpath("static", name).read_text(encoding="utf-8")


def _recording(page: Page) -> None:
    with gr.Row():
        with gr.Column():
            video, audio, clean = _inputs()
            settings = _settings()
        with gr.Column():
            overview = gr.Image(
                label="faces: click one to choose it", interactive=False, elem_id="overview", height=260, buttons=[]
            )
            faces = gr.Gallery(
                show_label=False, columns=4, height="auto", allow_preview=False, object_fit="contain", elem_id="faces",
                visible=False, buttons=[],
            )  # fmt: skip
            speaker = gr.Radio(NOT_YET, value=AUTO, label="whose voice to keep", elem_id="speaker")
            with gr.Row():
                start = gr.Button("Enhance", variant="primary", elem_id="enhance", scale=2)
                cancel = gr.Button("Cancel", elem_id="cancel", scale=1)
    message = gr.Textbox(show_label=False, container=False, interactive=False, lines=1, max_lines=6, elem_id="message",
                         placeholder="drop a video, choose a face, and press Enhance")  # fmt: skip
    player = gr.HTML(
        None, html_template="<div class='avse-player'></div>", css_template=static("player.css"),
        js_on_load=static("player.js"), elem_id="player", apply_default_css=False,
    )  # fmt: skip
    scores = gr.Dataframe(headers=list(HEADINGS), visible=False, label="scores", elem_id="scores", interactive=False)
    gr.on([video.change, audio.change], page.begin, None, message, queue=False).then(
        page.find, [video, audio], [overview, faces, speaker, message], concurrency_id=HEAVY, show_progress_on=message
    )
    overview.select(page.choose, None, speaker, queue=False)
    faces.select(page.choose, None, speaker, queue=False)
    start.click(page.begin, None, message, queue=False).then(
        page.enhance, [video, audio, clean, speaker, *settings], [player, scores, message], concurrency_id=HEAVY,
        show_progress_on=message,
    )  # fmt: skip
    cancel.click(page.cancel, None, None, queue=False)


def _inputs() -> list[Any]:
    """Video, separate audio, clean audio."""
    video = gr.Video(label="video of the speaker", sources=["upload", "webcam"], elem_id="video", height=260,
                     buttons=[])  # fmt: skip
    with gr.Accordion("separate audio, and clean audio for scores", open=False):
        audio = gr.Audio(label="noisy audio, where it is not in the video", type="filepath", elem_id="audio",
                         sources=["upload", "microphone"], buttons=[])  # fmt: skip
        clean = gr.Audio(label="clean audio, for scores", type="filepath", sources=["upload"], elem_id="clean",
                         buttons=[])  # fmt: skip
    return [video, audio, clean]


def _settings() -> list[Any]:
    """Strength, attenuation limit, loudness."""
    mix = gr.Slider(0, 1, value=1, step=0.05, label="strength", info="0: the input; 1: the enhanced audio only",
                    elem_id="mix")  # fmt: skip
    with gr.Row():
        limit = gr.Dropdown([NO_LIMIT, "6", "12", "24"], value=NO_LIMIT, label="attenuation limit, dB",
                            info="noise is lowered by no more", allow_custom_value=True, elem_id="limit")  # fmt: skip
        loudness = gr.Dropdown([KEEP, "-16", "-23"], value=KEEP, label="loudness, LUFS",
                               info="keep: speech as loud as before", allow_custom_value=True,
                               elem_id="loudness")  # fmt: skip
    return [mix, limit, loudness]


def _live() -> None:
    gr.HTML(
        None, html_template=static("live.html"), js_on_load=static("live.js"), worklet=static("worklet.js"),
        css_template=static("player.css"), elem_id="live", apply_default_css=False,
    )  # fmt: skip


def _thumbnails(found: Found | None) -> Any:
    """The gallery; hidden where nobody is to be chosen from."""
    tiles = list(found.thumbnails) if found else []
    return gr.update(value=tiles, visible=bool(tiles))


def _choices(found: Found | None) -> Any:
    choices = found.choices() if found else NOT_YET
    return gr.update(choices=choices, value=choices[0][1])


def _reporter(progress: Any) -> Progress:
    def report(stage: str, done_s: float, total_s: float) -> None:
        progress(min(1.0, done_s / total_s) if total_s else 0.0, desc=STAGES[stage])

    return report


def _key(request: gr.Request) -> str:
    if not request.session_hash:
        raise InputError("a page must name its session but did not; reload it")
    return str(request.session_hash)
