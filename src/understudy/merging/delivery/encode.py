"""The encode stage: dst with its merged frames, written with dst's own times, colours and sound, then signed.

The ending of the goal decides what is made: a movie, or (no ending) a folder of PNG images named like dst's.
What is finished appears in one step; until then nothing stands under the final name. Footage is never
replaced: `require_safe_output` can be asked before anything is begun. Not here: what the
signature says (`provenance`, handed in as a function), how a movie is written (`media`), swapping (`delivery`).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

from understudy.errors import ClipUnreadable, OptionInvalid, WrittenWrongly
from understudy.events import Event, Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.files import nearest_existing, require_writable, write_bytes
from understudy.media.clip import Clip, ColorTags
from understudy.media.codecs import codec_for
from understudy.media.color_spaces import ColorSpace, space_to_draw_in
from understudy.media.images import IMAGE_SUFFIXES
from understudy.media.movie import MovieWriter
from understudy.media.opening import open_clip, require_progressive
from understudy.media.rates import rate_words
from understudy.media.sound import SoundPart
from understudy.media.timecode import advanced
from understudy.merging.delivery.beside import put_beside, transform_path, transforms, window_places
from understudy.merging.delivery.closed import require_intermediate
from understudy.merging.delivery.effect import settled
from understudy.merging.delivery.marking import carries_source_type, with_watermark
from understudy.merging.delivery.memory import DeliveryMemory
from understudy.merging.delivery.options import EncodeOptions, ImageFormat
from understudy.merging.delivery.places import (
    WRONG_ENDING,
    MakeRoom,
    Sign,
    clear_leftovers,
    folder_signed_at,
    image_names,
    put_in_trash,
    require_safe_output,
    signed_at,
)
from understudy.merging.delivery.report import report_of
from understudy.merging.delivery.shown import Shown, require_masks, shown_frames
from understudy.merging.delivery.stills import SUFFIXES, format_for, require_known_curve, still_of, transform_of
from understudy.merging.frame_ranges import in_words, one_stretch
from understudy.merging.journal import is_complete, require_frames, require_pictures
from understudy.provenance.watermark.embed import Watermark
from understudy.provenance.xmp import MOVIE_SUFFIXES, packet_appended, with_packet
from understudy.workers.ahead import read_ahead

__all__ = ["STAGE", "encode", "require_safe_output"]

STAGE = "encode"
_FRAMES_AHEAD = 4
_ROUNDED_TIMES_S = Fraction(2, 1000)  # Matroska's
_TRY_AGAIN = "It was not delivered. The disk may be failing; run the same command again."
_FILES: dict[str, ImageFormat] = {".tif": "tiff", ".tiff": "tiff", ".exr": "exr"}
_SRGB = ColorTags(matrix=1, range=1, primaries=1, transfer=13)  # the view of scene-linear pictures
# FFmpeg's names of pixel formats with a plane or a channel of transparency.
_ALPHA_FORMATS = re.compile(r"(yuva|gbrap|rgba|bgra|argb|abgr|ayuv|uyva|vuya|ya8|ya16|yaf)")


@dataclass(eq=False)
class _Delivery:
    """What is to be written, and what came of it."""

    clip: Clip
    merged_folder: Path
    out: Path
    options: EncodeOptions
    stretch: range  # the frames that are shown
    sign: Sign | None
    make_room: MakeRoom | None = None
    watermark: Watermark | None = None
    space: ColorSpace | None = None  # of dst's numbers
    frames: int = 0
    swapped: int = 0
    sidecar: Path | None = None
    notices: list[str] = field(default_factory=list)

    windows: list[dict[str, Any]] = field(default_factory=list)
    times: list[int] = field(default_factory=list)  # pts of what was written

    @property
    def image_format(self) -> ImageFormat:
        """Of the images that become the folder, or the one file."""
        if self.out.suffix:
            return _FILES.get(self.out.suffix.lower(), "png")
        return format_for(self.options, self.clip.info)

    def still(self, shown: Shown) -> bytes:
        """The file of one image; images have no rate of their own, but the pace they are shown at."""
        info = self.clip.info
        paced = info if info.rate else replace(info, rate=1 / self.clip.time_base)
        still = still_of(shown, self.image_format, paced, self.options, space=self.space)
        return with_packet(still) if shown.swapped and carries_source_type(self.options) else still

    @property
    def is_whole(self) -> bool:
        """Whether all of dst is shown."""
        return len(self.stretch) == self.clip.info.frame_count

    @property
    def begins_pts(self) -> int:
        """dst's time that becomes the beginning."""
        return self.clip.timestamps()[self.stretch.start] if self.stretch.start else 0

    def names(self) -> dict[int, str]:
        """Of the images of a folder, by frame: a stretch has those that it has in the whole."""
        suffix = SUFFIXES[self.image_format]
        names = image_names(self.clip, suffix=suffix, first_number=self.options.first_number)
        return {frame: names[frame] for frame in self.stretch}

    def count(self, shown: Shown) -> Progress:
        self.frames += 1
        self.times.append(shown.pts)
        self.swapped += shown.swapped
        if shown.window is not None:
            self.windows.append({"frame": shown.index, **transform_of(shown)})
        return Progress(stage=STAGE, done=self.frames, total=len(self.stretch))


def encode(
    clip_path: Path,
    *,
    merged_folder: Path,
    out: Path,
    options: EncodeOptions,
    sign: Sign | None = None,
    watermark: Watermark | None = None,
    stamp: str = "",
    keep: Sequence[Path] = (),
    trash: Path | None = None,
    unswapped: Sequence[Mapping[str, Any]] | None = None,
    color_space: ColorSpace | None = None,
    fps: float | None = None,
    project: str = "PROJECT",
) -> Events:
    """Write dst, or a stretch of it, with every picture of `merged_folder` in place of its frame.

    `sign(unsigned, signed)` makes the signed file (or folder, in place) and returns its sidecar where the marks
    don't fit inside; `watermark` goes into the picture. `stamp` stands for all that `sign` depends on: where
    it, the frames and the options are the same as last time, nothing is done. `keep` are more clips that `out`
    must not replace, contain or lie inside of. What stands at `out` and was not made here goes to the folder
    `trash` before it is replaced. `unswapped` (frame, reason) goes into a report beside `out`. `color_space` is
    that of dst's own numbers, in which the file is written too; label and watermark go by how they look.
    dst's images are shown at `fps`. `project` is how commands that are said name the project.
    Raises ProjectInvalid where merged pictures are gone; OptionInvalid, DiskFull, FolderUnwritable, and what
    opening the clip or a merged picture raises.
    """
    options = settled(options, out)
    require_intermediate(options, out)
    require_frames(merged_folder)
    memory = DeliveryMemory(merged_folder)
    settings = options.model_dump(mode="json", exclude={"purpose", "container"})
    settings |= {"color_space": color_space.mark()} if color_space else {}
    settings |= {"fps": fps} if fps else {}
    recipe = memory.recipe(clip_path, settings, stamp)
    with open_clip(clip_path, fps=fps) as clip:
        require_progressive(clip.info)
        stretch = one_stretch(options.frames, clip.info.frame_count)
        total = len(stretch)
        require_pictures(merged_folder, stretch)
        require_masks(merged_folder, options, stretch)
        space = space_to_draw_in(clip.info, color_space)
        delivery = _Delivery(clip, merged_folder, out, options, stretch, sign, watermark=watermark, space=space)
        if trash is not None:
            delivery.make_room = lambda: _make_room(delivery, memory, trash)
        names = None if out.suffix else [*delivery.names().values()]
        if names is not None and len(names) == 1:  # that image is what will be shown
            require_intermediate(options, out / names[0])
        require_safe_output(out, keep=[clip_path, *keep, merged_folder], codec=options.codec, names=names)
        require_fitting(clip, out, options, color_space, project=project)
        clear_leftovers(out)
        if memory.is_delivered(out, recipe):
            yield from _kept(delivery, unswapped, memory=memory, trash=trash)
            return
        require_writable(out.parent)
        yield StageStarted(stage=STAGE, unit="frames", total=total)
        yield from _foretold(delivery, project)
        yield from _delivered(delivery)
        damage = clip.info.damage
    memory.remember(out, recipe, whole=delivery.is_whole)
    yield from put_beside(out, _beside(delivery, unswapped), memory=memory, trash=trash)
    yield from _told(delivery, damage)


def _kept(
    delivery: _Delivery,
    unswapped: Sequence[Mapping[str, Any]] | None,
    *,
    memory: DeliveryMemory,
    trash: Path | None,
) -> Events:
    """A finished shot that is as it would be made; what is gone beside it is written again."""
    total = len(delivery.stretch)
    yield StageStarted(stage=STAGE, unit="frames", total=total, done=total)
    missing = _missing_beside(delivery, unswapped)
    yield from put_beside(delivery.out, missing, memory=memory, trash=trash)
    yield StageFinished(stage=STAGE, summary={"out": str(delivery.out), "frames": total}, skipped=not missing)


def _beside(delivery: _Delivery, unswapped: Sequence[Mapping[str, Any]] | None) -> dict[Path, Any]:
    """What comes beside a shot that was just made."""
    told = {} if unswapped is None else _report(delivery, unswapped)
    if delivery.windows:
        told[transform_path(delivery.out)] = transforms(delivery.out, delivery.clip, delivery.windows)
    return told


def _report(delivery: _Delivery, unswapped: Sequence[Mapping[str, Any]]) -> dict[Path, Any]:
    """The reports of what is shown; `unswapped` may tell of more frames."""
    of = [entry for entry in unswapped if entry["frame"] in delivery.stretch]
    said = "" if delivery.is_whole else in_words([delivery.stretch])
    return report_of(delivery.out, frames=len(delivery.stretch), unswapped=of, stretch=said)


def _told(delivery: _Delivery, damage: str) -> Events:
    """What is to be known of a finished shot."""
    out = delivery.out
    for text in [*delivery.notices, *([damage] if damage else [])]:
        yield Notice(text=text, level="warning")
    yield Made(what="finished shot", path=out)
    if delivery.sidecar is not None:
        yield Made(what="marks of the finished shot", path=delivery.sidecar)
    yield StageFinished(
        stage=STAGE,
        summary={
            "out": str(out),
            "frames": delivery.frames,
            "swapped": delivery.swapped,
            "of": len(delivery.stretch),
        },
    )


def _missing_beside(delivery: _Delivery, unswapped: Sequence[Mapping[str, Any]] | None) -> dict[Path, Any]:
    """What belongs beside a shot that stands already, and is gone."""
    places = transform_path(delivery.out)
    told = {} if unswapped is None else _report(delivery, unswapped)
    missing = {path: content for path, content in told.items() if not path.is_file()}
    if delivery.options.window and not places.is_file():
        windows = window_places(delivery.clip, delivery.merged_folder, delivery.stretch)
        missing[places] = transforms(delivery.out, delivery.clip, windows)
    return missing


def _foretold(delivery: _Delivery, project: str) -> Events:
    """What is to be known before a shot is made."""
    clip, out, options = delivery.clip, delivery.out, delivery.options
    said_images = options.images is not None or options.container == "images"  # by itself or by a purpose
    if not out.suffix and clip.info.kind == "video" and not said_images:
        yield Notice("A name without ending is a folder of images, without sound; .mp4 makes a movie.")
    there = nearest_existing(out.parent)
    missing = out.parent.absolute().relative_to(there.absolute())
    if len(missing.parts) > 1:  # more than one may be a slip of the pen
        yield Notice(f"The folder {missing} was not there and is made in {there}.")
    if not is_complete(delivery.merged_folder, options.frames):
        text = "The merge has not run to its end, so some frames may still show dst. Merge again first."
        yield Notice(text=text, level="warning")
    as_images = not out.suffix or out.suffix.lower() in IMAGE_SUFFIXES
    if as_images and delivery.image_format != "exr" and clip.info.pixel_aspect != 1:
        text = (
            f"PNG and TIFF don't hold the pixel aspect of {clip.info.pixel_aspect}, so the images are shown as "
            "if pixels were square. EXR keeps it; or say it where they are opened."
        )
        yield Notice(text=text, level="warning")
    if _ALPHA_FORMATS.match(clip.info.pixel_format):
        text = "dst has transparency, which is not kept: the finished shot is opaque."
        yield Notice(text=text, level="warning")
    if clip.info.unread:
        yield Notice(text=clip.info.unread, level="warning")
    if not as_images:
        yield from _foretold_of_time(clip, project)


def _foretold_of_time(clip: Clip, project: str) -> Events:
    """What is to be known of a movie's time where dst are images."""
    if clip.info.assumed_rate:
        command = shlex.join(["understudy", "add", project, "--dst", str(clip.info.path), "--fps", "24"])
        text = (
            f"dst's images say no rate, so the movie has {rate_words(1 / clip.time_base)} frames a second. "
            f"Where that is not theirs, say it as with `{command}`, and encode again."
        )
        yield Notice(text=text, level="warning")
    if clip.info.skipped:
        yield Notice(text=clip.info.skipped, level="warning")


def require_fitting(
    clip: Clip,
    out: Path,
    options: EncodeOptions,
    color_space: ColorSpace | None = None,
    *,
    project: str,
) -> None:
    """Raise OptionInvalid where this clip can't become what is asked for; before anything is written.
    `project` is how commands that are said name the project."""
    suffix = out.suffix.lower()
    if not suffix and format_for(options, clip.info) == "exr":
        require_known_curve(clip.info, space_to_draw_in(clip.info, color_space), project=project)
    if suffix in IMAGE_SUFFIXES and len(one_stretch(options.frames, clip.info.frame_count)) != 1:
        raise OptionInvalid(WRONG_ENDING, out)
    if not suffix or suffix in IMAGE_SUFFIXES:
        return
    codec_for(out, options.codec, crf=options.crf, alpha=options.content == "face")
    if options.crf is not None and options.bitrate is not None:
        raise OptionInvalid("Say a quality (crf) or a bitrate, not both.")
    _track_of(options, clip)
    if suffix == ".avi" and clip.info.variable_rate:
        raise OptionInvalid(
            "AVI shows every frame for the same time, and dst does not. Choose .mov or .mp4, which keep times.",
            out,
        )


def _make_room(delivery: _Delivery, memory: DeliveryMemory, trash: Path) -> None:
    """Save what stands under the final name, unless it is our own work."""
    if delivery.out.exists() and not memory.knows(delivery.out):
        now = put_in_trash(delivery.out, trash)
        delivery.notices.append(
            f"There was a {delivery.out.name} already that was not made here. It was moved to {now}; to have "
            "it back, move it to another name."
        )


def _delivered(delivery: _Delivery) -> Generator[Event, None, None]:
    """Write what the goal's ending asks for."""
    suffix = delivery.out.suffix.lower()
    layered = (not suffix or suffix in IMAGE_SUFFIXES) and delivery.image_format == "exr"
    options, space = delivery.options, delivery.space
    source = shown_frames(
        delivery.clip, delivery.merged_folder, options, delivery.stretch, with_masks=layered, space=space
    )
    marked = with_watermark(source, delivery.watermark, options, space=space)
    with read_ahead(marked, depth=_FRAMES_AHEAD) as frames:
        if not suffix:
            yield from _write_images(frames, delivery)
        elif suffix in IMAGE_SUFFIXES:
            yield from _write_one_image(frames, delivery)
        else:
            yield from _write_movie(frames, delivery)


def _place_for(delivery: _Delivery) -> AbstractContextManager[tuple[Path, list[Path]]]:
    return signed_at(
        delivery.out,
        delivery.merged_folder,
        delivery.sign,
        make_room=delivery.make_room,
        check=None
        if delivery.out.suffix.lower() in IMAGE_SUFFIXES
        else lambda made: _require_whole(made, delivery),
    )


def _require_whole(made: Path, delivery: _Delivery) -> None:
    """Raise WrittenWrongly unless the movie opens and has as many frames, and as long, as were written."""
    written = (delivery.times[-1] - delivery.times[0]) * delivery.clip.time_base
    rate = delivery.clip.info.rate or 1 / delivery.clip.time_base
    rounded_s = 1 / Fraction(rate) if made.suffix.lower() == ".avi" else _ROUNDED_TIMES_S
    try:
        with open_clip(made) as clip:
            stamps = clip.timestamps()
            read = (stamps[-1] - stamps[0]) * clip.time_base
    except ClipUnreadable as error:
        raise WrittenWrongly(f"The finished movie can't be read again. {_TRY_AGAIN}", delivery.out) from error
    if len(stamps) != delivery.frames or abs(read - written) > rounded_s:
        raise WrittenWrongly(
            f"{delivery.frames} frames over {float(written):.3f} s were written and {len(stamps)} over "
            f"{float(read):.3f} s are read. {_TRY_AGAIN}",
            delivery.out,
        )


def _write_movie(frames: Iterable[Shown], delivery: _Delivery) -> Generator[Event, None, None]:
    info, options = delivery.clip.info, delivery.options
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise ClipUnreadable("No frame of dst can be decoded. Copy it again.", info.path)
    height, width = first.rgb.shape[:2]
    rate = info.rate if info.kind == "video" else 1 / delivery.clip.time_base
    first_frame, begins = delivery.stretch.start, delivery.begins_pts
    with _place_for(delivery) as (place, sidecars):
        writer = MovieWriter(
            place,
            width=width,
            height=height,
            time_base=delivery.clip.time_base,
            rate=rate,
            color=_color_of(delivery),
            bit_depth=8 if options.eight_bit else info.bit_depth,
            codec=options.codec,
            crf=options.crf,
            preset=options.preset,
            mbit_per_s=options.bitrate,
            audio_from=info.path if info.has_audio and options.audio != "none" else None,
            audio_part=_sound_of(delivery),
            pixel_aspect=info.pixel_aspect,
            timecode=advanced(info.timecode, first_frame, rate) if first_frame else info.timecode,
            alpha=options.content == "face",
        )
        with writer:
            for shown in chain([first], frames):
                writer.write(shown.rgb, shown.pts - begins, alpha=shown.alpha_HW)
                yield delivery.count(shown)
        delivery.notices += writer.notices
        if delivery.swapped and carries_source_type(options) and delivery.out.suffix.lower() in MOVIE_SUFFIXES:
            delivery.notices += packet_appended(place)
    delivery.sidecar = next(iter(sidecars), None)


def _color_of(delivery: _Delivery) -> ColorTags:
    """A mask's numbers are shares and have no colour, so they say nothing of dst's."""
    info = delivery.clip.info
    if delivery.options.content == "mask":
        return ColorTags()
    return _SRGB if info.scene_linear else info.color


def _sound_of(delivery: _Delivery) -> SoundPart:
    """The tracks that are wanted, and of them what is heard in the stretch. Raises what `_track_of` raises."""
    stamps, stretch, unit = delivery.clip.timestamps(), delivery.stretch, delivery.clip.time_base
    until_s = stamps[stretch.stop] * unit if stretch.stop < len(stamps) else None
    track = _track_of(delivery.options, delivery.clip)
    return SoundPart(track=track, from_s=delivery.begins_pts * unit, until_s=until_s)


def _track_of(options: EncodeOptions, clip: Clip) -> int | None:
    """The track that is wanted, None for all. Raises OptionInvalid for one that dst doesn't have."""
    if options.audio in ("all", "none"):
        return None
    if not options.audio.isdecimal() or not 1 <= int(options.audio) <= clip.info.audio_tracks:
        there = f"1 to {clip.info.audio_tracks}" if clip.info.audio_tracks else "none"
        raise OptionInvalid(f"audio is all, none or a track's number, not {options.audio!r}; dst has {there}.")
    return int(options.audio)


def _write_images(frames: Iterable[Shown], delivery: _Delivery) -> Generator[Event, None, None]:
    names = delivery.names()
    with folder_signed_at(
        delivery.out, [*names.values()], delivery.sign, make_room=delivery.make_room
    ) as aside:
        for shown in frames:
            (aside / names[shown.index]).write_bytes(delivery.still(shown))
            yield delivery.count(shown)


def _write_one_image(frames: Iterable[Shown], delivery: _Delivery) -> Generator[Event, None, None]:
    with _place_for(delivery) as (place, sidecars):
        for shown in frames:
            write_bytes(place, delivery.still(shown))
            yield delivery.count(shown)
    delivery.sidecar = next(iter(sidecars), None)
