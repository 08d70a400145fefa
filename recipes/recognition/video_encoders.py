"""Encoders of mouths and of whole faces: the mouth CNN of the shipped models, AVDCNN's."""

import torch

from avse.errors import ConfigError
from avse.models import zoo
from avse.models.avdcnn import AVDCNN
from avse.models.encoders import encoder_of
from avse.models.lip_cue import LipCue
from avse.nn.encoders.frame_rows import FrameRows
from avse.nn.encoders.mouth import MouthCNN, MouthEncoder
from avse.nn.encoders.video import LipCNN
from avse.nn.layers import crops_to_frames
from avse.signal.look import look_of
from avse.signal.motion import motion_of
from avse.types import FloatArray
from recipes.recognition.built import Built, array_of, of_rows
from recipes.recognition.recordings import CROP_RATE_HZ, FACE_SIZE, Crops

FACE_WIDTHS = (8, 16, 32)
"""Channels of the convolutions on faces: fewer than on mouths, whose weights have seen hours of speech."""


def mouth_cnn(default: str, weights: str) -> Built:
    """The mouth encoder of the cue network or of the live model, `MouthEncoder`."""
    encoder = encoder_of(zoo.load(weights or default), "video")
    if not isinstance(encoder, MouthEncoder):
        raise ConfigError(f"weights {weights} must hold a mouth encoder but do not; name others")
    if isinstance(encoder, MouthCNN):
        return _of_motion(encoder)

    def encode(mouth: Crops) -> FloatArray:
        motion = torch.from_numpy(motion_of(mouth.crops, mouth.present))[None]
        return array_of(encoder(motion, encoder.initial_state(1, motion))[0][0])

    return Built(encode, encoder.dim, CROP_RATE_HZ)


def untrained_mouth(seed: str) -> Built:
    """The cue network's mouth encoder with random weights: what its architecture gives from nothing."""
    torch.manual_seed(_number(seed))
    trained = zoo.load("lip_cue")
    assert isinstance(trained, LipCue)
    encoder = LipCue.build(trained.config).eval().video
    assert isinstance(encoder, MouthCNN)
    return _of_motion(encoder)


def _of_motion(encoder: MouthCNN) -> Built:
    def prepare(mouth: Crops) -> FloatArray:
        return motion_of(mouth.crops, mouth.present).reshape(len(mouth.crops), -1)

    sizes = encoder.sizes
    shape = (sizes["channels"], sizes["height"], sizes["width"])
    return of_rows(prepare, FrameRows.around(encoder, shape), rate_hz=CROP_RATE_HZ)


def face_cnn(seed: str) -> Built:
    """The mouth CNN on whole faces, with random weights: to be fine-tuned, for no model of the zoo has seen faces.

    It reads what faces look like, freed from light and contrast, and how that changes.
    """
    torch.manual_seed(_number(seed))
    height, width = FACE_SIZE
    encoder = MouthCNN(channels=2, height=height, width=width, widths=FACE_WIDTHS)

    def prepare(face: Crops) -> FloatArray:
        return look_of(face.crops, face.present).reshape(len(face.crops), -1)

    return of_rows(prepare, FrameRows.around(encoder, (2, height, width)), rate_hz=CROP_RATE_HZ)


def _number(seed: str) -> int:
    if not (seed or "0").isdecimal():
        raise ConfigError(f"seed of the encoder must be a whole number, 0 or more, but is {seed!r}; correct it")
    return int(seed or 0)


def avdcnn_lips(weights: str) -> Built:
    """The visual encoder of an AVDCNN."""
    model = zoo.load(weights or "avdcnn")
    if not isinstance(model, AVDCNN) or model.video is None:
        raise ConfigError(f"weights {weights} must be of an AVDCNN with video but are not; name others")
    video, step = model.video, round(model.config.stft.frame_rate_hz / CROP_RATE_HZ)

    @torch.inference_mode()
    def lips(mouth: Crops) -> torch.Tensor:
        frames = crops_to_frames(torch.from_numpy(mouth.crops)[None]).repeat_interleave(step, dim=1)
        return model.lips(frames, torch.from_numpy(mouth.present).repeat_interleave(step)[None])[0]

    if isinstance(video, LipCNN):
        shape = (step, 3, model.config.lip_height, model.config.lip_width)

        def prepare(mouth: Crops) -> FloatArray:
            return array_of(lips(mouth)).reshape(len(mouth.crops), -1)

        return of_rows(prepare, FrameRows.around(video, shape), rate_hz=CROP_RATE_HZ)

    def encode(mouth: Crops) -> FloatArray:
        return array_of(video(lips(mouth)[None])[0][::step])

    return Built(encode, int(video.dim), CROP_RATE_HZ)  # type: ignore[arg-type]
