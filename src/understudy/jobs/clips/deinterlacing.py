"""The clip tool that makes whole frames of interlaced ones."""

from __future__ import annotations

from pathlib import Path

from understudy.errors import OptionInvalid
from understudy.events import Events, Notice, StageFinished, StageStarted
from understudy.jobs.clips.movies import plain, write_like
from understudy.jobs.clips.results import made_file, require_free_name
from understudy.media.codecs import codec_for
from understudy.media.opening import open_clip
from understudy.media.options import DeinterlaceOptions
from understudy.media.sound import WHOLE
from understudy.media.timecode import at_twice_the_rate
from understudy.media.video import VideoClip


def deinterlace(path: Path, out: Path, options: DeinterlaceOptions) -> Events:
    """Write a progressive movie of an interlaced one, with its times, colours, depth, timecode and sound.

    Raises OptionInvalid for images and for a clip that doesn't call itself interlaced where no order is said,
    FolderUnwritable for a name that is taken, and what opening raises.
    """
    require_free_name(out, path)
    codec_for(out, options.codec)
    order, twice = options.field_order, options.each_field
    with open_clip(path) as clip:
        if not isinstance(clip, VideoClip):
            raise OptionInvalid("Only a video can be deinterlaced.", path)
        if order == "auto" and not clip.info.interlaced:
            raise OptionInvalid(
                "This clip doesn't say that it is interlaced. If it is, say --field-order top or bottom.", path
            )
        if order == "none" and twice:
            raise OptionInvalid("Whole frames have no fields: leave out --each-field or --field-order none.")
        pace = 2 if twice else 1
        total = pace * clip.info.frame_count
        yield StageStarted(stage="deinterlace", unit="frames", total=total)
        frames = clip.frames(deep=True) if order == "none" else clip.whole_frames(order=order, each_field=twice)
        shown = ((frame.pts, plain(frame.rgb)) for frame in frames)
        timecode = at_twice_the_rate(clip.info.timecode) if twice else None
        sound = WHOLE if clip.info.has_audio else None
        with made_file(out, [path], "Interlaced frames were made whole.") as (place, told):
            yield from write_like(
                clip, place, shown, options, stage="deinterlace", total=total, sound=sound,
                timecode=timecode, pace=pace,
            )  # fmt: skip
        yield from told
        if clip.info.damage:
            yield Notice(clip.info.damage, level="warning")
    yield StageFinished(stage="deinterlace", summary={"out": str(out), "frames": total})
