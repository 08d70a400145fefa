"""An experiment of two systems, and a network of a few weights."""

from avse.models.avdcnn_config import AVDCNNConfig
from recipes.speech_benchmark.experiment.config import ExperimentConfig

RATE = 16000
TINY = AVDCNNConfig(encoders="none", hidden=(16, 16), normalisation_radius=20)


CONFIG = ExperimentConfig(systems={"noisy": "noisy", "good": "good <one>", "late": "late"})
