"""VATT: the paper's sizes; one shared transformer; heads as paper and code have them; encoders that load elsewhere."""

from dataclasses import replace

import pytest
import torch

from avse.errors import ConfigError
from avse.models import zoo
from avse.models.vatt import VATT, Clips, VATTConfig

TINY = VATTConfig(
    video="tiny", audio="tiny", text="tiny", n_frames=8, fps=10, height=32, width=48, n_samples=2560, sample_rate=3200,
    patch=(4, 16, 16), vocabulary=512, dims=(32, 16),
)  # fmt: skip


def _clips(batch=4, seed=0):
    torch.manual_seed(seed)
    present = torch.ones(batch, dtype=torch.bool)
    return Clips(
        torch.rand(batch, 8, 3, 32, 48), 0.1 * torch.randn(batch, 2560), torch.randint(1, 512, (batch, 2, 16)),
        present, present,
    )  # fmt: skip


@pytest.mark.parametrize(("size", "millions"), [("small", 20.9), ("base", 87.9), ("medium", 155.0), ("large", 306.1)])
def test_sizes_are_the_papers(size, millions):
    with torch.device("meta"):
        model = VATT.build(VATTConfig(video=size))
    assert zoo.count_parameters(model.encoder("video")) / 1e6 == pytest.approx(millions, rel=0.02)


@pytest.mark.parametrize(
    ("video", "audio", "millions"), [("base", "base", 197), ("medium", "base", 264), ("large", "base", 415)]
)
def test_combinations_are_the_papers_without_the_table_of_words(video, audio, millions):
    with torch.device("meta"):
        model = VATT.build(VATTConfig(video=video, audio=audio, text="small"))
    words = zoo.count_parameters(model.encoder("text").tokens.words)
    assert (zoo.count_parameters(model) - words) / 1e6 == pytest.approx(millions, rel=0.02)


def test_the_papers_clip_has_the_papers_tokens():
    with torch.device("meta"):
        model = VATT.build(VATTConfig())
        assert model.encoder("video").tokens(torch.zeros(1, 32, 3, 224, 224)).shape[1] == 1568
        assert model.encoder("audio").tokens(torch.zeros(1, 153_600)).shape[1] == 1200


def test_one_transformer_is_shared_and_comes_back_shared(tmp_path):
    model = VATT.build(replace(TINY, shared=True)).eval()
    assert model.encoder("video").transformer is model.encoder("text").transformer
    assert zoo.count_parameters(model) < 0.7 * zoo.count_parameters(VATT.build(TINY))
    zoo.save(tmp_path / "m.safetensors", model)
    again = zoo.load(str(tmp_path / "m.safetensors"))
    assert isinstance(again, VATT)
    assert again.config == model.config
    assert again.encoder("video").transformer is again.encoder("audio").transformer
    clips = _clips()
    torch.testing.assert_close(again(clips).total, model(clips).total)


def test_every_part_learns():
    for config in (TINY, replace(TINY, shared=True), replace(TINY, hierarchy=False), replace(TINY, official_code=True)):
        model = VATT.build(config)
        model(_clips()).total.backward()
        without = [name for name, p in model.named_parameters() if p.grad is None]
        assert not without


def test_it_memorises_a_batch():
    torch.manual_seed(0)
    model = VATT.build(replace(TINY, drop_rate=0.0))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    clips = _clips(8)
    first = model(clips)
    for _ in range(30):
        optimizer.zero_grad()
        losses = model(clips)
        losses.total.backward()
        optimizer.step()
    assert losses.video_audio < 0.3 * first.video_audio
    assert losses.video_text < 0.3 * first.video_text


def test_without_text_only_audio_teaches():
    model = VATT.build(TINY)
    clips = _clips()
    losses = model(clips._replace(has_text=torch.zeros(4, dtype=torch.bool)))
    assert losses.video_text.item() == 0
    assert losses.total.item() == losses.video_audio.item()


def test_the_codes_total_is_a_mean_and_its_dropped_tokens_are_shared():
    model = VATT.build(replace(TINY, official_code=True, text_weight=3.0))
    losses = model(_clips())
    torch.testing.assert_close(losses.total, (losses.video_audio + 3 * losses.video_text) / 4)
    assert model.encoder("video").shared_drop
    assert not VATT.build(TINY).encoder("video").shared_drop
    assert not any(isinstance(m, torch.nn.BatchNorm1d) for m in model.common.audio_va.modules())
    assert all(model.encoder(name).tokens.official_code for name in ("video", "audio", "text"))
    assert not VATT.build(TINY).encoder("video").tokens.official_code


def test_the_codes_dropout_takes_tokens_too():
    for official in (True, False):
        encoder = VATT.build(replace(TINY, official_code=official, dropout=0.5, drop_rate=0.0)).encoder("video")
        encoder.transformer = torch.nn.Identity()
        encoder.transformer.forward = lambda tokens, **_: tokens
        frames = torch.rand(2, 8, 3, 32, 48)
        assert torch.equal(encoder.train()(frames), encoder(frames)) != official
        assert torch.equal(encoder.eval()(frames), encoder(frames))


def test_embeddings_are_what_the_losses_compare():
    model = VATT.build(replace(TINY, drop_rate=0.0)).eval()
    clips = _clips()
    fine, coarse = model.embed_video(clips.frames)
    with torch.inference_mode():
        vectors = model.common(
            model.encoder("video").clip(clips.frames),
            model.encoder("audio").clip(clips.waveform),
            model.of_texts(clips.words),
        )
    torch.testing.assert_close(fine, vectors.video_va)
    torch.testing.assert_close(coarse, vectors.video_vt)
    torch.testing.assert_close(model.embed_audio(clips.waveform), vectors.audio_va)
    torch.testing.assert_close(model.embed_text(clips.words[:, 1]), vectors.text_vt[:, 1])


def test_an_encoder_takes_other_sizes():
    encoder = VATT.build(TINY).eval().encoder("video")
    assert encoder(torch.rand(1, 20, 3, 48, 64)).shape == (1, 5, 128)
    assert (encoder.dim, encoder.frame_rate_hz) == (128, 2.5)


def test_wrong_sizes_are_refused():
    with pytest.raises(ConfigError, match="size of audio must be one of tiny, small"):
        VATT.build(replace(TINY, audio="huge"))
    with pytest.raises(ConfigError, match="a clip must hold a patch or more"):
        VATT.build(replace(TINY, n_frames=3))
    with pytest.raises(ConfigError, match="patch_samples of a VATT must be above 0"):
        VATT.build(replace(TINY, patch_samples=0))
    with pytest.raises(ConfigError, match="drop_rate of a VATT must be 0 to below 1 but is 1"):
        VATT.build(replace(TINY, drop_rate=1.0))
