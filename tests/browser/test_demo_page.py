"""`avse-demo` in a real browser: upload, choose, enhance, play, download, a wrong file, two users at once."""

import numpy as np
import pytest
from browser_pages import address, chromium, open_page  # noqa: F401
from screenshots import shoot

from avse.media.audio import AudioWriter, read_audio
from avse.media.video import probe_video

pytestmark = pytest.mark.slow


def _drop(page, selector, path):
    page.locator(f"{selector} input[type=file]").first.set_input_files(str(path))


def _message(page, text):
    page.wait_for_function("text => document.querySelector('#message textarea')?.value.includes(text)", arg=text)
    return page.locator("#message textarea").input_value()


def _enhance(page):
    page.click("#enhance")
    page.wait_for_selector(".avse-player[data-ready=true]")


def test_upload_choose_enhance_play_download(open_page, two_people, tmp_path):
    page = open_page()
    _drop(page, "#video", two_people)
    assert "2 faces found" in _message(page, "found")
    _choose_by_click(page, n=2, share=0.25)
    assert "face 1" in page.locator("#speaker label:has(input:checked)").inner_text()
    page.locator("#faces button.thumbnail-item, #faces .thumbnail-item").nth(1).click()
    page.wait_for_selector("#speaker label:has(input:checked):has-text('face 2')")
    _enhance(page)
    assert "face 2 of 2" in page.locator(".avse-player .name").inner_text()
    _plays_in_step(page)
    shoot(page, "demo.webp")
    for kind, check in ((".mp4", probe_video), (".wav", read_audio)):
        with page.expect_download() as waiting:
            page.click(f".avse-player a.download[download$='{kind}']")
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        check(path)
    enhanced, rate = read_audio(path)
    noisy, noisy_rate = read_audio(two_people)
    assert (enhanced.shape, rate) == (noisy.shape, noisy_rate)
    assert np.abs(enhanced - noisy).mean() > 0.2 * np.abs(noisy).mean()


def test_scores_are_shown_where_clean_audio_is_given(open_page, media):
    page = open_page()
    _drop(page, "#video", media / "talk.mp4")
    _message(page, "1 face found")
    page.get_by_text("clean audio for scores").first.click()
    _drop(page, "#clean", media / "clean.wav")
    page.wait_for_function("document.querySelector('#clean').innerText.includes('0:0')")
    _enhance(page)
    page.wait_for_selector("#scores:has-text('SI-SDR')")


def test_cancel_ends_the_work(open_page, tmp_path):
    path = tmp_path / "long.wav"
    with AudioWriter(path, sample_rate=16000, n_channels=1) as writer:
        writer.write(0.1 * np.random.default_rng(0).standard_normal((1, 58 * 16000)).astype(np.float32))
    page = open_page()
    page.get_by_text("separate audio").first.click()
    _drop(page, "#audio", path)
    _message(page, "58.0 s of audio")
    page.click("#enhance")
    _message(page, "waiting")
    page.click("#cancel")
    _message(page, "cancelled; nothing was written")
    assert not page.locator(".avse-player button.play").count()


def test_nothing_of_the_page_asks_another_site(open_page, media):
    page = open_page()
    _drop(page, "#video", media / "talk.mp4")
    _message(page, "1 face found")
    for label in ("Trim video to selection", "Share"):  # of Gradio; their code or their target lies elsewhere
        assert not page.locator(f"[aria-label='{label}'], [title='{label}']").and_(page.locator(":visible")).count()


def _choose_by_click(page, *, n, share):
    page.wait_for_function("n => document.querySelectorAll('#faces .thumbnail-item').length === n", arg=n)
    image = page.locator("#overview img")
    box = image.bounding_box()
    image.click(position={"x": box["width"] * share, "y": box["height"] / 2})
    page.wait_for_selector("#speaker label:has(input:checked):has-text('face')")


def _plays_in_step(page):
    """The muted video moves with the audio, and switching sides changes neither its place nor its pace."""
    page.click(".avse-player button.play")
    page.wait_for_selector(".avse-player[data-playing=true]")
    page.click(".avse-player button[data-side=before]")
    page.wait_for_selector(".avse-player[data-heard=before]")
    page.wait_for_function("document.querySelector('.avse-player video.scene').currentTime > 0.3")
    page.click(".avse-player button.play")
    page.wait_for_selector(".avse-player[data-playing=false]")
    page.wait_for_function("""
        Math.abs(document.querySelector('.avse-player video.scene').currentTime
                 - document.querySelector('.avse-player video.mouth').currentTime) < 0.02""")  # of one moment
    page.click(".avse-player button.play")
    muted = page.evaluate("document.querySelector('.avse-player video.scene').muted")
    assert muted
    page.wait_for_selector(".avse-player[data-playing=false]")  # it ends
    assert page.evaluate("document.querySelector('.avse-player video.scene').currentTime") > 2


@pytest.mark.parametrize(("name", "words"), [("broken.mp4", "broken.mp4 must be media"), ("silent.mp4", "has none")])
def test_wrong_files_get_one_line(open_page, tmp_path, talk, name, words):
    from avse.synthetic.talker import write_video

    path = tmp_path / name
    if name == "broken.mp4":
        path.write_text("no video at all")
    else:
        write_video(path, talk.images[:10], timestamps_s=talk.times_s[:10])
    page = open_page()
    _drop(page, "#video", path)
    message = _message(page, words)
    assert "\n" not in message
    assert str(tmp_path) not in message
    assert "/tmp" not in message


def test_two_users_at_once_get_their_own(open_page, media, two_people):
    first, second = open_page(), open_page()
    _drop(first, "#video", media / "talk.mp4")
    _drop(second, "#video", two_people)
    assert "1 face found" in _message(first, "found")
    assert "2 faces found" in _message(second, "found")
    for page in (first, second):
        page.click("#enhance")
    for page, name in ((first, "talk_enhanced.wav"), (second, "two_enhanced.wav")):
        page.wait_for_selector(".avse-player[data-ready=true]")
        assert page.locator("a.download[download$='.wav']").get_attribute("download") == name


def test_live_tab_gives_enhanced_audio_back_and_shows_latency(open_page):
    page = open_page()
    page.get_by_role("tab", name="Live").click()
    page.click("#live button")
    page.wait_for_selector(".avse-live[data-state=live]")
    assert page.get_attribute(".avse-live", "data-processing") == "false"
    page.wait_for_function("Number(document.querySelector('.avse-live').dataset.back) > 48000")
    page.wait_for_function("Number(document.querySelector('.avse-live').dataset.frames) > 3")
    page.wait_for_function("Number(document.querySelector('.avse-live').dataset.latency) > 0")
    assert "ms" in page.locator("[data-fact=latency]").inner_text()
    shoot(page, "demo_live.webp")
    page.click("#live button")
    page.wait_for_selector(".avse-live[data-state=idle]")
