"""What is mixed for training, and how often."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MixConfig:
    """How examples are made. Probabilities are in [0, 1]."""

    n_samples: int = 47648
    """Length of an example: cut from longer clips, looped for shorter ones."""
    snr_db_min: float = -10.0
    """dB; the SNR is drawn evenly between the two."""
    snr_db_max: float = 15.0
    """dB."""
    clear_probability: float = 0.0
    """Chance of an SNR above these instead, up to 40 dB, so that good audio is left alone."""
    talker_probability: float = 0.5
    """Chance that the noise is other people talking."""
    max_talkers: int = 4
    """Competing voices at once, at most."""
    corpus_talker_probability: float = 0.5
    """Chance that a competing voice is one of the talking faces (perhaps the target's own), not of the speech. Without
    any speech all are, of other people than the target where there are some."""
    same_voice_probability: float = 0.0
    """Chance that the noise to a talking face is another sentence of its voice: only the lips tell which is meant."""
    video_zero_probability: float = 0.2
    """Chance that the video is taken away for the whole example (modality dropout)."""
    video_gap_probability: float = 0.1
    """Chance that the video is missing for part of the example."""
    audio_zero_probability: float = 0.03
    """Chance that the audio's features are taken away (modality dropout)."""
    any_speaker_probability: float = 0.4
    """Chance that a talking face gives way to one of a speaker drawn evenly, so that rare people are seen often."""
    other_mouth_probability: float = 0.2
    """Chance that the mouth shown is of another clip, so that a wrong face is not believed blindly."""
    augment: bool = True
    """Move and recolour the crops, change the speed of noises."""
    speed_probability: float = 0.0
    """Chance that a voice, with its video, is played at 0.85 to 1.24 of its speed: another voice for the network."""
    jitter_s: float = 0.0
    """The video comes early or late by up to this much, mostly by less, as a camera's does."""
    late_probability: float = 0.0
    """Chance that the video comes 0.3 to 1 s early or late: too much to be of use."""
    frozen_probability: float = 0.0
    """Chance that the video stands still."""
    covered_probability: float = 0.0
    """Chance that something covers part of the mouth for part of the example."""
    stranger_probability: float = 0.0
    """Chance that a sentence without video comes with a mouth all the same: somebody else's."""

    def undisturbed(self) -> "MixConfig":
        """The same mixtures with every video and audio as recorded, for validation."""
        return MixConfig(
            n_samples=self.n_samples,
            snr_db_min=self.snr_db_min,
            snr_db_max=self.snr_db_max,
            talker_probability=self.talker_probability,
            max_talkers=self.max_talkers,
            corpus_talker_probability=self.corpus_talker_probability,
            same_voice_probability=self.same_voice_probability,
            video_zero_probability=0,
            video_gap_probability=0,
            audio_zero_probability=0,
            any_speaker_probability=0,
            other_mouth_probability=0,
            augment=False,
        )
