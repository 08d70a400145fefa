"""A video file that gets other audio and keeps everything else: video, other tracks, subtitles, chapters, tags."""

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import av
from av.bitstream import BitStreamFilterContext

from avse.errors import MediaError
from avse.media.audio import AudioReader
from avse.media.container import check_file, open_container, open_output
from avse.media.encode import AudioTrack, Encoding, StoredAs, encoding_for
from avse.media.output import atomic_write
from avse.media.probe import Probe, probe
from avse.media.subtitles import TEXT_CODECS, convert_subtitle, subtitle_codec
from avse.media.tags import MIME_TYPES, is_cover
from avse.media.verify import WrittenTrack, check_in_sync

BLOCK_SAMPLES = 4096
AAC_DELAY = 1024
"""Samples that an AAC encoder puts before the first one."""


def replace_audio(
    video_path: Path,
    audio: Mapping[int, Path],
    output_path: Path,
    *,
    bit_rate: int | None = None,
    force: bool = False,
    probed: Probe | None = None,
) -> list[str]:
    """Copy a video file packet by packet, with other audio in some of its tracks, in sync.

    Args:
        video_path: the video file.
        audio: audio files by the index of the track they replace; their first sample belongs where that track starts.
            A video file without audio gets one track from index 0, from its first frame on.
        output_path: video file to write.
        bit_rate: bits a second of each new track, if its codec is lossy; by default like the track it replaces.
        force: replace a file that exists.
        probed: the video file, where it was looked into before.

    Returns:
        What of the video file the output's container cannot hold, one line each.

    Raises:
        MediaError: a file cannot be read, the output's container cannot hold the video or the audio, or what was
            written is not as long as the audio or not in sync.
    """
    check_file(video_path, kind="video")
    with ExitStack() as stack:
        temporary = stack.enter_context(atomic_write(output_path, force=force))
        source = stack.enter_context(open_container(video_path, kind="video"))
        probed = probed or probe(video_path)
        remux = _Remux(probed, source, output_path, bit_rate=bit_rate)
        try:
            with ExitStack() as files:
                remux.run(files, temporary, audio)
        except (av.FFmpegError, ValueError, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            others = [suffix for suffix in (video_path.suffix, ".mkv", ".mov") if suffix != output_path.suffix]
            raise MediaError(
                f"output {output_path} must be written whole but was not ({reason}); make space, or use "
                f"{' or '.join(dict.fromkeys(others[:2]))}"
            ) from None
        check_in_sync(temporary, first_frame_at_s=probed.first_frame_s, output=output_path, tracks=remux.written)
        return remux.lost


class _Remux:
    """One pass over a source."""

    def __init__(
        self, probed: Probe, source: "av.container.InputContainer", output_path: Path, *, bit_rate: int | None
    ) -> None:
        self._path, self._source, self._output_path, self._bit_rate = probed.path, source, output_path, bit_rate
        self._probed = probed
        self.lost: list[str] = []
        self.written: list[WrittenTrack] = []
        self._copied: dict[int, _Copy] = {}
        self._encoders: list[tuple[AudioTrack, Iterator[object]]] = []

    def run(self, files: ExitStack, temporary: Path, audio: Mapping[int, Path]) -> None:
        self._files = files
        is_mp4 = self._output_path.suffix.lower() in (".mp4", ".m4v", ".mov", ".3gp")
        # An MP4 counts its length in thousandths by default, too coarse to end on the right sample.
        fine = {"movie_timescale": str(_rate(audio))} if is_mp4 else {}
        self._output = files.enter_context(open_output(temporary, options=fine))
        self._format = self._output.format.name
        self._add_streams(audio)
        # The chapters' titles are a stream of text in MP4, which the muxer writes itself.
        self._output.set_chapters(self._source.chapters())
        hidden = {"major_brand", "minor_version", "compatible_brands", "encoder"}
        self._output.metadata.update({k: v for k, v in self._source.metadata.items() if k.lower() not in hidden})
        if not any(stream.type == "video" and not is_cover(stream) for stream in self._output.streams):
            raise MediaError(f"video {self._path} must have a video track but has none that can be copied; check it")
        for packet in self._source.demux([self._source.streams[index] for index in self._copied]):
            if packet.stream.index not in self._copied:  # a stream that begins in the middle of the file
                continue
            for ready in self._copied[packet.stream.index].packets(packet):
                # All streams advance together, or the muxer would hold one of them in memory.
                self._encode_until(float(ready.dts * ready.time_base))
                self._output.mux(ready)
        self._encode_until(math.inf)

    def _add_streams(self, audio: Mapping[int, Path]) -> None:
        index = -1
        for stream in self._source.streams:
            if stream.type == "audio":
                index += 1
            if stream.type == "audio" and index in audio:
                self._add_encoder(audio[index], index, stream)
            elif stream.codec_context is None:
                self._keep_attachment(stream)
            elif not (is_cover(stream) and self._keep_cover(stream)):
                self._copy(stream, index)
        if index < 0 and 0 in audio:
            self._add_encoder(audio[0], 0, None)

    def _add_encoder(self, path: Path, index: int, stream: "av.AudioStream | None") -> None:
        """A track of new audio; `stream` is the one in whose place it comes."""
        own_track = index if path == self._path else 0
        reader = self._files.enter_context(AudioReader(path, track=own_track))
        start_s = self._probed.first_frame_s if stream is None else self._probed.audio_start_s(index)
        encoding = self._encoding(reader, stream)
        if start_s > 0 and encoding.codec == "aac":
            # FFmpeg writes either a late start or the encoder's delay into an MP4, which so stays as silence.
            encoding = replace(encoding, length_slack=encoding.length_slack + AAC_DELAY)
        track = AudioTrack(self._output, encoding, source_rate=reader.info.sample_rate, start_s=start_s)
        if stream is not None:
            _describe(track.stream, stream)
        self._encoders.append((track, iter(reader.blocks(BLOCK_SAMPLES))))
        self.written.append(WrittenTrack(path, own_track, len(self._output.streams.audio) - 1, start_s, encoding))

    def _encoding(self, reader: AudioReader, stream: "av.AudioStream | None") -> Encoding:
        context = stream.codec_context if stream is not None else None
        info = reader.info
        try:
            return encoding_for(
                self._format,
                sample_rate=info.sample_rate,
                n_channels=info.n_channels,
                source=StoredAs(
                    codec=context.name if context is not None else "",
                    bit_rate=(context.bit_rate or None) if context is not None else None,
                    # A reader's name for it: reading a layout from this stream would be unsafe (`layout.py`).
                    layout=_layout_of(self._path, stream, self._source, info.n_channels),
                ),
                bit_rate=self._bit_rate,
            )
        except MediaError as error:
            raise MediaError(f"output {self._output_path} cannot hold the audio ({error}); use .mkv") from None

    def _copy(self, stream: "av.stream.Stream", audio_index: int) -> None:
        name = stream.codec_context.name
        try:
            # Opaque: the packets are copied whether or not there is an encoder, as there is none for Theora.
            copied = self._output.add_stream_from_template(stream, opaque=True)
        except ValueError:
            if stream.type == "audio":
                self._add_encoder(self._path, audio_index, stream)
                return
            target = subtitle_codec(self._format, source=name) if stream.type == "subtitle" else None
            if target is None:
                if stream.type == "video" and not is_cover(stream):
                    raise MediaError(
                        f"output {self._output_path} cannot hold {name} video; use {self._path.suffix} or .mkv"
                    ) from None
                self.lost.append(f"{self._output_path.suffix} cannot hold the {stream.type} track ({name}); skipped")
                return
            name_and_target: tuple[str, str] | None = (name, target)
            copied = self._output.add_mux_stream(target, time_base=stream.time_base)
        else:
            name_and_target = (name, name) if name in TEXT_CODECS else None
        _describe(copied, stream)
        self._copied[stream.index] = _Copy(
            copied, convert=name_and_target, bitstream_filter=self._filter(stream, copied)
        )

    def _filter(self, stream: "av.stream.Stream", copied: "av.stream.Stream") -> BitStreamFilterContext | None:
        """AVI wants start codes between H.264's units, MP4 and Matroska store their lengths."""
        context = stream.codec_context
        stores_lengths = bool(context.extradata) and context.extradata[0] == 1
        if self._format != "avi" or context.name not in ("h264", "hevc") or not stores_lengths:
            return None
        return BitStreamFilterContext(f"{context.name}_mp4toannexb", in_stream=stream, out_stream=copied)

    def _keep_attachment(self, stream: "av.stream.Stream") -> None:
        if stream.type != "attachment":
            return  # chapters and time codes, which the muxer writes itself
        if self._format not in ("matroska",):
            self.lost.append(f"{self._output_path.suffix} cannot hold the attachment {stream.name}; skipped")
            return
        self._output.add_attachment(stream.name or "attachment", stream.mimetype or "application/octet-stream",
                                    stream.data)  # fmt: skip

    def _keep_cover(self, stream: "av.VideoStream") -> bool:
        """Matroska stores a cover as an attachment; True if that was done."""
        mime = MIME_TYPES.get(stream.codec_context.name)
        if self._format != "matroska" or mime is None:
            return False
        with open_container(self._path, kind="video") as again:
            for packet in again.demux(again.streams[stream.index]):
                if packet.size:
                    self._output.add_attachment(f"cover.{mime.split('/')[1]}", mime, bytes(packet))
                    break
        return True

    def _encode_until(self, time_s: float) -> None:
        waiting = []
        for track, blocks in self._encoders:
            ended = False
            while not ended and track.time_s < time_s:
                block = next(blocks, None)
                if block is None:
                    track.finish()
                    ended = True
                else:
                    track.write(block)  # type: ignore[arg-type]
            if not ended:
                waiting.append((track, blocks))
        self._encoders = waiting


class _Copy:
    """Packets of one stream on their way into the output."""

    def __init__(
        self,
        stream: "av.stream.Stream",
        *,
        convert: tuple[str, str] | None = None,
        bitstream_filter: BitStreamFilterContext | None = None,
    ) -> None:
        self._stream, self._convert, self._filter = stream, convert, bitstream_filter
        self._is_cover = is_cover(stream)
        self._waiting: list[av.Packet] = []

    def packets(self, packet: "av.Packet") -> Iterator["av.Packet"]:
        """Give the packet with its decoding time.

        Matroska leaves the first packets without one: they get times that lead up to the first known one.
        """
        if packet.size == 0 and packet.dts is None:  # the end: FFmpeg flushes
            return
        if self._is_cover:
            packet.pts = packet.dts = 0
        if packet.dts is None:
            if packet.pts is not None:
                self._waiting.append(packet)
            return
        packet.pts = packet.dts if packet.pts is None else packet.pts
        for n_before, early in zip(range(len(self._waiting), 0, -1), self._waiting, strict=True):
            early.dts = packet.dts - n_before * max(packet.duration or 0, 1)
            yield from self._ready(early)
        self._waiting.clear()
        yield from self._ready(packet)

    def _ready(self, packet: "av.Packet") -> Iterator["av.Packet"]:
        if self._convert is not None:
            packet = convert_subtitle(packet, *self._convert)
            if packet is None:
                return
        for ready in self._filter.filter(packet) if self._filter else (packet,):
            ready.stream = self._stream
            yield ready


def _describe(target: "av.stream.Stream", source: "av.stream.Stream") -> None:
    """Language, title and disposition of a track."""
    target.disposition = int(source.disposition)
    hidden = {"encoder", "duration", "vendor_id", "number_of_frames", "number_of_bytes", "bps"}
    target.metadata.update({k: v for k, v in source.metadata.items() if k.lower() not in hidden})
    # MP4 reads a track's title as "name" and writes it as "title".
    if "name" in source.metadata:
        target.metadata.setdefault("title", source.metadata["name"])


def _rate(audio: Mapping[int, Path]) -> int:
    with AudioReader(next(iter(audio.values()))) as reader:
        return reader.info.sample_rate


def _layout_of(
    path: Path, stream: "av.AudioStream | None", source: "av.container.InputContainer", n_channels: int
) -> str:
    """Name of the layout of the track in whose place audio comes, if it has as many channels."""
    if stream is None:
        return ""
    with AudioReader(path, track=list(source.streams.audio).index(stream)) as reader:
        return reader.info.layout if reader.info.n_channels == n_channels else ""
