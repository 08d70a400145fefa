"""What a user should know of an enhanced recording although nothing failed, one line each."""

from pathlib import Path

from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport

SHORTEST_WARNED_OF_S = 0.05
"""What is printed as 0.0 s is nothing to warn of."""
NO_VIDEO = "enhanced audio-only: there is no video"


def other_faces(video: Path, report: FaceReport, *, speaker: str) -> list[str]:
    """What to do where it was not the right face that was chosen.

    Args:
        video: the file whose faces were found.
        report: of its faces.
        speaker: whose face the user asked for.
    """
    if speaker != "auto" or report.n_faces < 2:
        return []
    return [f"{report.n_faces} faces, {report.chosen}; see them with: avse-faces {video}; choose one by its number"]


def without_mouth(mouth: MouthTrack | None, *, video_fraction: float, duration_s: float) -> list[str]:
    """For how long the video did not help, and why.

    Args:
        mouth: of the speaker; None where no video was processed.
        video_fraction: share of the time in which it helped.
        duration_s: of the audio.
    """
    only_s = (1 - video_fraction) * duration_s
    if mouth is None or only_s < SHORTEST_WARNED_OF_S:
        return []
    if not mouth.report.n_faces:
        why = "no face was seen"
    else:
        # Frames are missing, or the mouth is covered or cut and `avse.signal.mouth_jumps` left it out.
        why = "there is no steady video of the mouth" if mouth.present.all() else "no face was chosen"
    return [f"enhanced audio-only for {only_s:.1f} of {duration_s:.1f} s: {why} there"]
