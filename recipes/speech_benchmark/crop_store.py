"""Where mouth crops are kept: a folder, or a URL; those of another video or another version are made again."""

from pathlib import Path

from avse import __version__
from avse.data.crops import load_mouth, save_mouth
from avse.data.manifest import Item
from avse.faces.mouth import MouthTrack, track_mouth
from avse.jobs.places import Place, Url, fingerprint_of, on_disk, under
from avse.jobs.url_made import UrlMade
from avse.media.made import Made, State, key_of
from avse.media.output import scratch_folder
from avse.media.video import VideoReader

RECORD = ".crops.jsonl"
"""Which crops were made from which videos, in their folder."""
RECORDS = ".crops"
"""The same for crops at a URL: a hidden folder."""


def crops_place(folder: Place, item: Item) -> Place:
    """A clip's file of crops."""
    return folder / f"{item.id}.npz"


def crops_key(video: Place) -> str:
    """A short name for all that the crops of a video depend on."""
    return key_of({"version": __version__, "video": fingerprint_of(video)})


def store_crops(item: Item, *, root: Place, folder: Place) -> MouthTrack:
    """Track a clip's mouth and write it, unless that was done before; what is stored.

    Args:
        item: of the manifest.
        root: that the item's paths start from.
        folder: of the crops.

    Raises:
        AvseError: the video cannot be read, or the crops cannot be written.
    """
    video, place = under(root, str(item.video)), crops_place(folder, item)
    if isinstance(place, Url):
        return _stored_at(video, place)
    if not place.is_file():
        save_mouth(place, _tracked(video))
    return load_mouth(place)


def _stored_at(video: Place, url: Url) -> MouthTrack:
    made, key = UrlMade(url, folder=RECORDS), crops_key(video)
    if made.state(key) is State.DONE:
        return load_mouth(url)
    track = _tracked(video)
    with scratch_folder() as scratch:
        save_mouth(scratch / url.name, track)
        made.put(scratch / url.name, key)
    return track


def _tracked(video: Place) -> MouthTrack:
    with on_disk(video) as path, VideoReader(path) as reader:
        return track_mouth(reader.frames(), speaker="largest")


def remove_others(items: list[Item], *, root: Place, folder: Path) -> dict[str, str]:
    """Remove crops that were made from other videos or by another version; the keys of all clips.

    Crops that nothing is noted of are from before there were notes, and are kept.
    """
    made, keys = Made(folder, name=RECORD), {}
    for item in items:
        keys[item.id] = crops_key(under(root, str(item.video)))
        path = folder / f"{item.id}.npz"
        if made.knows([path]) and made.state(keys[item.id], [path]) is not State.DONE:
            path.unlink(missing_ok=True)
    return keys


def note_stored(keys: dict[str, str], *, folder: Path) -> None:
    """Note which crops were made from what, by the keys of clips."""
    made = Made(folder, name=RECORD)
    for name, key in keys.items():
        made.finish(key, [folder / f"{name}.npz"])
