"""Movies out of clips: one written like another, and images and clips joined end to end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from understudy.errors import ClipSizesDiffer, OptionInvalid
from understudy.events import Events, Notice, Progress, StageFinished, StageStarted
from understudy.jobs.clips.results import made_file, require_free_name
from understudy.media.clip import Clip, UInt8, UInt16
from understudy.media.codecs import codec_for
from understudy.media.images import sixteen_bit
from understudy.media.movie import MovieWriter
from understudy.media.opening import open_clip
from understudy.media.options import JoinOptions, MovieOptions
from understudy.media.rates import exact_rate
from understudy.media.sound import WHOLE, HeardPart, SoundPart
from understudy.options import require_effect

_IMAGES_RATE = Fraction(25)


def plain(rgb: Any) -> UInt8 | UInt16:
    """8 or 16 bits as movies hold them; of scene-linear floats the sRGB view."""
    return rgb if rgb.dtype == np.uint8 else sixteen_bit(rgb)


def write_like(
    clip: Clip,
    place: Path,
    shown: Iterable[tuple[int, UInt8 | UInt16]],
    options: MovieOptions,
    *,
    stage: str,
    total: int,
    sound: SoundPart | None,
    timecode: str | None = None,
    pace: int = 1,
) -> Events:
    """Write pictures with their times to `place` in the clip's size, pace, colours and depth, with that part of
    its sound, and with its timecode or another. There are `pace` pictures for each of the clip's, with times in
    that part of its unit. Raises what `MovieWriter` raises."""
    info = clip.info
    writer = MovieWriter(
        place,
        width=info.width,
        height=info.height,
        time_base=clip.time_base / pace,
        rate=pace * info.rate if info.rate else pace / clip.time_base,
        color=info.color,
        bit_depth=info.bit_depth,
        codec=options.codec,
        mbit_per_s=options.bitrate,
        audio_from=info.path if sound is not None else None,
        audio_part=sound or WHOLE,
        pixel_aspect=info.pixel_aspect,
        timecode=info.timecode if timecode is None else timecode,
    )
    with writer:
        for done, (pts, rgb) in enumerate(shown, 1):
            writer.write(rgb, pts)
            yield Progress(stage=stage, done=done, total=total)
    yield from (Notice(text) for text in writer.notices)


def join(parts: Sequence[Path], out: Path, options: JoinOptions, *, like: Path | None = None) -> Events:
    """Write folders of images and videos end to end as one movie.

    With `like`, a video, its times, colours, pixel aspect and sound are taken, as for frames that were taken
    out of it; otherwise every part has its own times and sound. Raises ClipSizesDiffer, OptionInvalid,
    FolderUnwritable, and what opening and writing raise.
    """
    require_free_name(out, *parts, *([like] if like else []))
    codec_for(out, options.codec)
    with ExitStack() as stack:
        clips = [stack.enter_context(open_clip(path)) for path in parts]
        model = stack.enter_context(open_clip(like)) if like else None
        _require_one_size(clips)
        if model is None and all(clip.info.kind == "video" for clip in clips):
            require_effect(options.model_fields_set, {"fps": "videos keep their own times"})
        total = sum(clip.info.frame_count for clip in clips)
        yield StageStarted(stage="join", unit="frames", total=total)
        unit, times = _times(clips, model, options)
        if model is not None and total != model.info.frame_count:
            yield Notice(_how_many(total, model), level="warning")
        made_from = [*parts, *([like] if like else [])]
        with made_file(out, made_from, "Images and clips were joined into one clip.") as (place, told):
            writer = _writer(clips, model, place, unit, times, options)
            with writer:
                for place_in_row, rgb in _pictures(clips):
                    writer.write(rgb, times[place_in_row])
                    yield Progress(stage="join", done=place_in_row + 1, total=total)
        yield from (Notice(text) for text in writer.notices)
        yield from told
        for clip in clips:
            if clip.info.damage:
                yield Notice(f"{clip.info.path.name}: {clip.info.damage}", level="warning")
    yield StageFinished(stage="join", summary={"out": str(out), "frames": total, "parts": len(parts)})


def _pictures(clips: Sequence[Clip]) -> Iterator[tuple[int, UInt8 | UInt16]]:
    """Every picture and its place among all."""
    deep, before = any(clip.info.bit_depth > 8 for clip in clips), 0
    for clip in clips:
        for frame in clip.frames(deep=deep):
            yield before + frame.index, sixteen_bit(frame.rgb) if deep else plain(frame.rgb)
        before += clip.info.frame_count


def _times(clips: Sequence[Clip], model: Clip | None, options: JoinOptions) -> tuple[Fraction, list[int]]:
    """The unit of time, and when each frame is shown in it."""
    units = [_unit(clip, options) for clip in clips]
    if model is not None and options.fps is None:
        count = sum(clip.info.frame_count for clip in clips)
        return model.time_base, _as_many(list(model.timestamps()), count)
    unit = Fraction(1, math.lcm(*(each.denominator for each in units)))
    times: list[int] = []
    begin = 0
    for clip, own in zip(clips, units, strict=True):
        factor = int(own / unit)
        stamps = clip.timestamps()
        times += [begin + (pts - stamps[0]) * factor for pts in stamps]
        begin += round(_length_s(clip, own) / unit)
    return unit, times


def _unit(clip: Clip, options: JoinOptions) -> Fraction:
    if clip.info.kind == "video":
        return clip.time_base
    return 1 / (_IMAGES_RATE if options.fps is None else exact_rate(options.fps))


def _length_s(clip: Clip, unit: Fraction) -> Fraction:
    """How long the clip is shown, its last frame too."""
    if clip.info.kind == "images":
        return clip.info.frame_count * unit
    return Fraction(clip.info.duration_s).limit_denominator(1_000_000)


def _as_many(stamps: list[int], count: int) -> list[int]:
    """The times of `count` frames: the first ones, or with more at the last pace."""
    step = stamps[-1] - stamps[-2] if len(stamps) > 1 else 1
    return stamps[:count] + [stamps[-1] + step * more for more in range(1, count - len(stamps) + 1)]


def _writer(
    clips: Sequence[Clip],
    model: Clip | None,
    place: Path,
    unit: Fraction,
    times: Sequence[int],
    options: JoinOptions,
) -> MovieWriter:
    first = (model or clips[0]).info
    span = (times[-1] - times[0]) * unit
    rate = Fraction((len(times) - 1) / span).limit_denominator(1001) if span else _IMAGES_RATE
    heard = [
        HeardPart(
            clip.info.path if clip.info.has_audio else None,
            _length_s(clip, _unit(clip, options)),
            clip.timestamps()[0] * _unit(clip, options),
        )
        for clip in clips
    ]
    with_sound = model is None and any(part.path for part in heard)
    return MovieWriter(
        place,
        width=clips[0].info.width,
        height=clips[0].info.height,
        time_base=unit,
        rate=rate,
        color=first.color,
        bit_depth=max(clip.info.bit_depth for clip in clips),
        codec=options.codec,
        mbit_per_s=options.bitrate,
        audio_from=model.info.path if model is not None and model.info.has_audio else None,
        audio_of=heard if with_sound else (),
        pixel_aspect=first.pixel_aspect,
        timecode=first.timecode,
    )


def _require_one_size(clips: Sequence[Clip]) -> None:
    sizes = {(clip.info.width, clip.info.height) for clip in clips}
    if len(sizes) > 1:
        said = " and ".join(f"{width} x {height}" for width, height in sorted(sizes))
        raise ClipSizesDiffer(f"Clips of {said} can't be joined. Bring them to one size.", clips[-1].info.path)
    tags = {clip.info.color for clip in clips if clip.info.kind == "video"}
    if len(tags) > 1:
        raise OptionInvalid(
            "These clips say different things about their colours and can't be joined as they are."
        )


def _how_many(total: int, model: Clip) -> str:
    there = model.info.frame_count
    if total < there:
        return f"{total} frames take the times of the first of the {there} in {model.info.path.name}."
    return (
        f"{model.info.path.name} has {there} frames and these are {total}; the rest goes on at its last pace."
    )
