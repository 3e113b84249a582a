"""The clip tools: frames as files, a piece, less noise, images and clips joined. Each is a stream of events.

What they make lies between stages and is nobody's delivery; `results` says where it goes and what marks it
carries.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from understudy.counts import counted
from understudy.errors import FolderUnwritable, OptionInvalid
from understudy.events import Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.facesets.extraction.found import clip_identity
from understudy.facesets.extraction.places import parse_place
from understudy.files import read_json, write_bytes, write_json
from understudy.jobs.clips.movies import plain, write_like
from understudy.jobs.clips.results import (
    made_file,
    made_folder,
    require_free_name,
    require_no_merge,
    require_readable_marks,
    says_painted,
    sign_folder,
)
from understudy.media.clip import Clip, ClipInfo, Frame
from understudy.media.codecs import codec_for
from understudy.media.cutting import Piece, can_copy_to, copied_piece, copy_piece
from understudy.media.denoising import denoised
from understudy.media.images import encode_jpeg, encode_png
from understudy.media.opening import open_clip
from understudy.media.options import CutOptions, DenoiseOptions, FrameFileOptions, MovieOptions
from understudy.media.sound import WHOLE, SoundPart
from understudy.media.timecode import advanced
from understudy.merging.delivery.places import image_names
from understudy.options import require_effect
from understudy.provenance.credentials import sidecar_of
from understudy.provenance.ledger import LEDGER_NAME
from understudy.provenance.xmp import with_packet

_LIST_NAME = "frames.json"
_SAME_TIME_S = 1e-6


def write_frames(path: Path, out: Path, options: FrameFileOptions) -> Events:
    """Write a clip's frames as image files into the folder `out`, named by their number in the clip.

    Goes on where it was stopped. Raises FolderUnwritable where the folder holds anything else, OptionInvalid
    for float pictures, and what opening raises.
    """
    if options.image_format == "png":
        require_effect(options.model_fields_set, {"quality": "png loses nothing"})
    require_no_merge([path])
    with open_clip(path) as clip:
        if clip.info.scene_linear:
            raise OptionInvalid("These are EXR frames already; there is nothing to take apart.", path)
        marked = require_readable_marks([path])
        recipe = _recipe(path, clip.info, options)
        _require_own_folder(out, path, recipe)
        wanted = _paced(clip, options.fps)
        names = {index: f"{index:06d}.{options.image_format}" for index in wanted}
        left = [index for index in wanted if not (out / names[index]).is_file()]
        painted = says_painted([path])
        done = len(wanted) - len(left)
        yield StageStarted(stage="frames", unit="frames", total=len(wanted), done=done)
        write_json(out / _LIST_NAME, {**recipe, "times_s": {names[i]: _time_s(clip, i) for i in wanted}})
        for frame in _chosen(clip, left):
            image = _encoded(frame.rgb, options)
            write_bytes(out / names[frame.index], with_packet(image) if painted else image)
            done += 1
            yield Progress(stage="frames", done=done, total=len(wanted))
        if clip.info.damage:
            yield Notice(clip.info.damage, level="warning")
    # Also where a process was killed between the last frame and the marks.
    if left or (marked and not sidecar_of(out / LEDGER_NAME).is_file()):
        yield from sign_folder(out, [path], "The frames of a clip were written as image files.")
    yield Made("frames", out)
    yield StageFinished(stage="frames", summary={"out": str(out), "frames": done}, skipped=not left)


def cut(path: Path, out: Path, options: CutOptions, *, start: str = "", stop: str = "") -> Events:
    """Write a piece of a video, from the place `start` up to but without `stop`, each as `parse_place` has it.

    Copies without encoding where that is exact and nothing else is asked of the pictures; says which it did.
    Raises OptionInvalid for places outside the clip and tracks that aren't there, and like `write_frames`.
    """
    require_free_name(out, path)
    codec_for(out, options.codec)
    with open_clip(path) as clip:
        if clip.info.kind != "video":
            raise OptionInvalid("Only a video can be cut; of a folder of images take those you want.", path)
        wish = _piece(clip, start, stop)
        track = options.audio_track
        sound = None if track == 0 or not clip.info.has_audio else SoundPart(track=track)
        near = copied_piece(path, wish)
        copies = _copies(path, out, near, wish, options)
        piece = near if copies and near is not None else wish
        total = piece.stop - piece.first
        yield StageStarted(stage="cut", unit="frames", total=total, why="copied" if copies else "encoded")
        yield from _which_frames(clip, piece, stop)
        with made_file(out, [path], "A piece was cut out of a longer clip.") as (place, told):
            if copies:
                yield Notice(_how_copied(piece, wish))
                for said in copy_piece(path, place, piece, sound=sound, timecode=_clock(clip, piece)):
                    told_so = isinstance(said, str)
                    yield Notice(said) if told_so else Progress(stage="cut", done=said, total=total)
            else:
                yield Notice("Encoded again, to begin and end at exactly these frames.")
                yield from _encode_piece(clip, place, piece, sound, options)
    yield from told
    summary = {"out": str(out), "frames": total, "first": piece.first, "stop": piece.stop, "copied": copies}
    yield StageFinished(stage="cut", summary=summary)


def denoise(path: Path, out: Path, options: DenoiseOptions) -> Events:
    """Write a clip without its noise: a movie with its sound, or (a name without ending) a folder of PNGs.

    Raises like `write_frames`, and OptionInvalid or FolderUnwritable for the place.
    """
    require_free_name(out, path)
    if out.suffix:
        codec_for(out, options.codec)
    else:
        idle: dict[str, str] = dict.fromkeys(("codec", "bitrate"), "it is for movies, and this becomes images")
        require_effect(options.model_fields_set, idle)
    with open_clip(path) as clip:
        info = clip.info
        if info.scene_linear:
            raise OptionInvalid(
                "EXR frames can't be denoised here. Make a movie or PNG images of them first.", path
            )
        yield StageStarted(stage="denoise", unit="frames", total=info.frame_count)
        if info.interlaced:
            yield Notice(
                "The clip is interlaced; both fields of a frame are evened out as one.", level="warning"
            )
        frames, again = itertools.tee(clip.frames(deep=info.bit_depth > 8))
        pictures = denoised((plain(frame.rgb) for frame in frames), options.strength)
        description = "Noise was taken out of a clip."
        if out.suffix:
            with made_file(out, [path], description) as (place, told):
                shown = ((frame.pts, picture) for picture, frame in zip(pictures, again, strict=True))
                sound = WHOLE if info.has_audio else None
                yield from write_like(
                    clip, place, shown, options, stage="denoise", total=info.frame_count, sound=sound
                )
            yield from told
        else:
            names = image_names(clip)
            with made_folder(out, [path], description) as (place, told):
                for done, (picture, frame) in enumerate(zip(pictures, again, strict=True), 1):
                    (place / names[frame.index]).write_bytes(encode_png(picture))
                    yield Progress(stage="denoise", done=done, total=info.frame_count)
            yield from told
        if clip.info.damage:
            yield Notice(clip.info.damage, level="warning")
    yield StageFinished(stage="denoise", summary={"out": str(out), "frames": info.frame_count})


def _recipe(path: Path, info: ClipInfo, options: FrameFileOptions) -> dict[str, Any]:
    said = options.model_dump(mode="json")
    if options.image_format == "png":
        said.pop("quality")
    return {
        "clip": path.name,
        "content": str(clip_identity(path)),
        "frames_in_clip": info.frame_count,
        "duration_s": round(info.duration_s, 6),
        **said,
    }


def _require_own_folder(out: Path, path: Path, recipe: dict[str, Any]) -> None:
    """Raise unless the folder is new or holds what an earlier run with the same wishes and content began."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        require_free_name(out / "0", path)
        return
    known = _begun(out)
    if {name: known.get(name) for name in recipe} == recipe:
        return
    if known.get("clip") == path.name and known.get("content") != recipe["content"]:
        raise FolderUnwritable(
            "This folder holds frames of what this clip was before its file was changed, or of another clip of "
            "that name. Choose an empty one.",
            out,
        )
    raise FolderUnwritable(
        "This folder holds other files, or frames written with other settings. Choose an empty one.", out
    )


def _begun(out: Path) -> dict[str, Any]:
    """What an earlier run noted in the folder; empty where that is nothing of ours."""
    try:
        known = read_json(out / _LIST_NAME)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _paced(clip: Clip, fps: float) -> list[int]:
    """The frames that are shown first at or after every tick of `fps`; all of them for 0."""
    stamps, unit = clip.timestamps(), clip.time_base
    if fps == 0:
        return list(range(len(stamps)))
    times_s = [float((pts - stamps[0]) * unit) for pts in stamps]
    ticks = np.arange(0, times_s[-1] + _SAME_TIME_S, 1 / fps)
    found = np.searchsorted(np.array(times_s), ticks - _SAME_TIME_S)
    return sorted({int(index) for index in found if index < len(times_s)})


def _time_s(clip: Clip, index: int) -> float:
    return round(float(clip.timestamps()[index] * clip.time_base), 6)


def _chosen(clip: Clip, indices: Sequence[int]) -> Iterator[Frame]:
    """Exactly these frames, in the clip's own depth."""
    if not indices:
        return
    wanted = set(indices)
    for frame in clip.frames(indices[0], indices[-1] + 1, deep=True):
        if frame.index in wanted:
            yield frame


def _encoded(rgb: Any, options: FrameFileOptions) -> bytes:
    if options.image_format == "png":
        return encode_png(rgb)
    shown = Frame(0, 0, 0.0, rgb).rgb_8bit
    return encode_jpeg(shown, options.quality)


def _piece(clip: Clip, start: str, stop: str) -> Piece:
    count = clip.info.frame_count
    first, end = _index(clip, start, 0), min(count, _index(clip, stop, count))
    if first >= end:
        raise OptionInvalid(
            f"No frame lies between {start or 'the beginning'} and {stop or 'the end'}: the clip has {count} "
            f"frames and lasts {clip.info.duration_s:.3f} s.",
            clip.info.path,
        )
    return Piece(first, end)


def _which_frames(clip: Clip, piece: Piece, stop: str) -> Iterator[Notice]:
    """Say which frames are in the piece, and that it is shorter than was asked for."""
    count, place = clip.info.frame_count, parse_place(stop) if stop else 0
    if place > (count if isinstance(place, int) else clip.info.duration_s + _SAME_TIME_S):
        text = f"The clip ends before {stop}, after {count} frames, and so does the piece: it was cut short."
        yield Notice(text, level="warning")
    yield Notice(f"The piece is frames {piece.first} to {piece.stop - 1} of the clip, both included.")


def _index(clip: Clip, text: str, otherwise: int) -> int:
    if not text:
        return otherwise
    try:
        place = parse_place(text)
    except ValueError as error:
        raise OptionInvalid(f"{text!r} is no place in a clip: {error}.") from error
    if isinstance(place, int):
        return place
    stamps = clip.timestamps()
    return bisect_left(stamps, place - _SAME_TIME_S, key=lambda pts: float((pts - stamps[0]) * clip.time_base))


def _copies(path: Path, out: Path, near: Piece | None, wish: Piece, options: CutOptions) -> bool:
    """Whether to copy: it must be exact unless only that is wanted, and nothing may be said about encoding.

    Raises OptionInvalid where only copying is wanted and can't be done.
    """
    possible = near is not None and can_copy_to(path, out)
    if options.copy_only and not possible:
        raise OptionInvalid(
            f"This can't be copied to {out.suffix or 'a file without ending'}. Leave --copy-only away, or take "
            "the ending of the original.",
            out,
        )
    said = options.model_fields_set & {"codec", "bitrate"}
    if options.copy_only:
        idle: dict[str, str] = dict.fromkeys(("codec", "bitrate"), "with copy_only nothing is encoded")
        require_effect(said, idle)
    return options.copy_only or (possible and near == wish and not said)


def _how_copied(piece: Piece, wish: Piece) -> str:
    if piece == wish:
        return "Copied without encoding: not a bit of the pictures is changed."
    more = (wish.first - piece.first, piece.stop - wish.stop)
    parts = [
        f"{counted(number, 'frame')} {where}"
        for number, where in zip(more, ("earlier", "later"), strict=True)
        if number
    ]
    begins = f"frames {piece.first} to {piece.stop - 1}"
    return (
        f"Copied without encoding, as key frames allow it: {begins}, which is {' and '.join(parts)} than asked."
    )


def _clock(clip: Clip, piece: Piece) -> str:
    """What the clip's timecode shows at the piece's first frame."""
    return advanced(clip.info.timecode, piece.first, clip.info.rate)


def _encode_piece(
    clip: Clip, place: Path, piece: Piece, sound: SoundPart | None, options: MovieOptions
) -> Events:
    frames = clip.frames(piece.first, piece.stop, deep=clip.info.bit_depth > 8)
    stamps, unit = clip.timestamps(), clip.time_base
    if sound is not None:
        until_s = stamps[piece.stop] * unit if piece.stop < len(stamps) else None
        sound = SoundPart(track=sound.track, from_s=stamps[piece.first] * unit, until_s=until_s)
    shown = ((frame.pts - stamps[piece.first], plain(frame.rgb)) for frame in frames)
    total = piece.stop - piece.first
    yield from write_like(
        clip, place, shown, options, stage="cut", total=total, sound=sound, timecode=_clock(clip, piece)
    )
