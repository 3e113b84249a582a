"""What one clip's merge needs from the project: settings over time, the cast, the cuts."""

from __future__ import annotations

import contextlib
import hashlib
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from understudy.errors import ClipMissing, ModelUnknown, OptionInvalid
from understudy.events import Events, Progress, StageFinished, StageStarted
from understudy.files import folder_size_bytes, read_json, sha256_of, sha256_pieces, write_json
from understudy.jobs.clips.color_spaces import color_space_of
from understudy.jobs.merging.kept_settings import noted
from understudy.jobs.settings import Said, merge_options
from understudy.masks.segmenter import AUTO, Segmenters
from understudy.merging.frame_ranges import in_words, parse_frames, require_within
from understudy.merging.options import FIXED, MergeOptions
from understudy.merging.settings_over_time import Ease, FrameRange, KeyFrame, SettingsOverTime
from understudy.options import meant, parse_options
from understudy.project.manifest import CastEntry, ClipEntry, KeyEntry, RangeEntry, line_of_entry, read_text
from understudy.project.project import MANIFEST_NAME, Project
from understudy.project.unknown import model_named

if TYPE_CHECKING:
    from understudy.merging.cast import Cast
    from understudy.merging.plate import PlateFootage
    from understudy.networks.swap import KnownModel


Model = TypeVar("Model", bound="KnownModel")
_MB = 1_000_000
_WORTH_TELLING_BYTES = 500 * _MB  # less is read within a second or two
_TOLD_EVERY_BYTES = 50 * _MB


def settings_over_time(
    project: Project,
    clip: str,
    said: Said,
    *,
    frames: Sequence[range] | None = None,
    entry: ClipEntry | None = None,
    device: str = AUTO,
) -> SettingsOverTime:
    """A clip's merge settings; what is said counts for `frames` alone where given. `entry` stands for what the
    manifest has of the clip; segmenters look on `device`. Raises OptionInvalid."""
    is_kept, named = entry is None, _Names(project, clip)
    entry = entry or project.manifest.clips[clip]
    _require_one_plate(project, entry, said, frames)
    whole_clip = {name: value for name, value in said.items() if frames is None or name in FIXED}
    return SettingsOverTime(
        _as_kept(project, clip, whole_clip) if is_kept else merge_options(project, entry, whole_clip),
        ranges=[
            FrameRange(_stretches(part, name), _extra(part), name)
            for part, name in zip(entry.ranges, named.all("ranges", len(entry.ranges)), strict=True)
        ],
        keys=[
            KeyFrame(part.frame, _extra(part), part.ease, name)
            for part, name in zip(entry.keys, named.all("keys", len(entry.keys)), strict=True)
        ],
        parts={name: _extra(part) for name, part in entry.cast.items() if isinstance(part, CastEntry)},
        said={name: value for name, value in said.items() if name not in FIXED},
        said_for=frames,
        segmenters=Segmenters(project.masks_folder, device),
    )


def _as_kept(project: Project, clip: str, said: Said) -> MergeOptions:
    """The whole clip's settings. Raises OptionInvalid, naming the table that keeps a wrong value."""
    entry = project.manifest.clips[clip]
    try:
        return merge_options(project, entry, said)
    except OptionInvalid as error:
        for table, values in (("merge", project.manifest.merge), (f"clips.{clip}.merge", entry.merge)):
            try:
                parse_options(MergeOptions, {name: one for name, one in values.items() if name not in said})
            except OptionInvalid as kept:
                if kept.message == error.message:
                    raise OptionInvalid(f"In {MANIFEST_NAME}, {table}: {error.message}") from None
        raise


def _require_one_plate(project: Project, entry: ClipEntry, said: Said, frames: Sequence[range] | None) -> None:
    """Raise OptionInvalid where some frames alone would get another plate: its pictures have another size."""
    if frames is not None and "plate" in said and said["plate"] != merge_options(project, entry, {}).plate:
        raise OptionInvalid(
            f"Option 'plate' holds for the whole clip, so it can't be for frames {in_words(frames)} alone. Say "
            "it without --frames; with --save it is kept, and --frames may follow."
        )


class _Names:
    """What errors call the entries of a clip: with their line in understudy.toml, where it can be told."""

    def __init__(self, project: Project, clip: str) -> None:
        self._path, self._clip = project.folder / MANIFEST_NAME, clip

    def all(self, table: str, count: int) -> list[str]:
        text = read_text(self._path) if count else ""
        where = ["clips", self._clip, table]
        lines = [line_of_entry(text, where, number) for number in range(1, count + 1)]
        return [
            f"{'.'.join(where)}, entry {number}{f' (line {line})' if line else ''}"
            for number, line in enumerate(lines, 1)
        ]


def _stretches(entry: RangeEntry, name: str) -> list[range]:
    try:
        return parse_frames(entry.frames)
    except OptionInvalid as error:
        raise OptionInvalid(f"In {name}: {error.message}") from None


def _extra(entry: RangeEntry | CastEntry | Any) -> dict[str, Any]:
    return dict(entry.model_extra or {})


def frames_asked(project: Project, clips: Sequence[str], frames: str) -> list[range] | None:
    """The stretches of the one clip that `frames` names, as said; None where it names none. It is asked before
    a model is loaded. Raises OptionInvalid for frames that the clip does not have, and where it could be about
    several clips, ClipMissing, ClipUnreadable."""
    from understudy.media.opening import open_clip

    if not frames:
        return None
    stretches = parse_frames(frames)
    if len(clips) > 1:
        raise OptionInvalid(f"--frames is about one clip; name it. The project has {', '.join(clips)}.")
    with open_clip(project.present_clip_path(clips[0])) as opened:
        require_within(stretches, opened.info.frame_count, who="Frames")
    return stretches


def keep_said(project: Project, clip: str, said: Said, *, frames: Sequence[range] | None) -> str:
    """Store what is said in the manifest: for these frames of the clip, or for all; tells what was stored.

    Raises OptionInvalid where nothing is said or it makes no sense.
    """
    if not said:
        raise OptionInvalid("There is nothing to save: say the options that are to be kept, like --erode 0.03.")
    words, place = _said(said), in_words(frames or ())
    with _kept(project, clip, f"kept {words} for {place or 'the whole clip'}", frames) as entry:
        last = entry.ranges[-1] if entry.ranges else None
        if frames is None:
            entry.merge = {**entry.merge, **said}
        elif last is not None and last.frames == place:
            again = RangeEntry(frames=place, **{**_extra(last), **said})
            entry.ranges = [*entry.ranges[:-1], again]
        else:
            entry.ranges = [*entry.ranges, RangeEntry(frames=place, **said)]
    return f"{clip}: {words} is kept for {'the whole clip' if frames is None else f'frames {place}'}."


def keep_in_range(project: Project, clip: str, said: Said, *, number: int) -> str:
    """Store what is said in the clip's range of this number, from 1, where a later one counts more; tells what
    was stored. Raises OptionInvalid where it makes no sense, or another process changed the ranges."""
    part, words = project.manifest.clips[clip].ranges[number - 1], _said(said)
    with _kept(project, clip, f"kept {words} for {part.frames}") as entry:
        if entry.ranges[number - 1 : number] != [part]:
            raise OptionInvalid(f"The ranges of clip {clip!r} were changed meanwhile. Look, and try again.")
        again = RangeEntry(frames=part.frames, **{**_extra(part), **said})
        entry.ranges = [*entry.ranges[: number - 1], again, *entry.ranges[number:]]
    return f"{clip}: {words} is kept for frames {part.frames}."


def _said(said: Said) -> str:
    return ", ".join(f"{name} = {value}" for name, value in said.items())


def keep_keys(project: Project, clip: str, said: Said, *, frames: Sequence[range], ease: Ease) -> str:
    """Store what is said as key frames of the clip, one at each frame; an option's older key there goes.

    Raises OptionInvalid where nothing is said, it makes no sense, or the frames are stretches.
    """
    if not said:
        raise OptionInvalid("There is nothing to keep: say the options that have this key, like --erode 0.03.")
    if any(len(stretch) != 1 for stretch in frames):
        raise OptionInvalid(f"A key is at single frames, like --frames 120 or 120,160; not {in_words(frames)}.")
    new = [KeyEntry(frame=stretch.start, ease=ease, **said) for stretch in frames]
    words = _said(said)
    with _kept(project, clip, f"kept {words} at frame {in_words(frames)}", frames) as entry:
        left = [_without(key, said) for key in entry.keys if _at(key, new)]
        others = [key for key in entry.keys if not _at(key, new)]
        keys = [*others, *(key for key in left if _extra(key)), *new]
        entry.keys = sorted(keys, key=lambda key: key.frame)
    return f"{clip}: {words} is a key at frame {in_words(frames)}; it goes on {ease} to the next."


@contextlib.contextmanager
def _kept(
    project: Project, clip: str, change: str, frames: Sequence[range] | None = None
) -> Iterator[ClipEntry]:
    """Let the block change what the clip keeps, for these `frames` of it, as one step that can be taken back.

    Raises OptionInvalid where a merge would refuse it then: what is kept must not stop all that follows.
    """
    from understudy.media.opening import open_clip

    with noted(project, clip, change), project.change() as manifest:
        entry = manifest.clips[clip].model_copy()
        yield entry
        settings = settings_over_time(project, clip, {}, entry=entry)
        with open_clip(project.present_clip_path(clip)) as opened:
            require_within(frames or (), opened.info.frame_count, who="Frames")
            settings.require_within(opened.info.frame_count)
        manifest.clips = {**manifest.clips, clip: entry}


def _at(entry: KeyEntry, others: Sequence[KeyEntry]) -> bool:
    return any(other.frame == entry.frame for other in others)


def _without(entry: KeyEntry, said: Said) -> KeyEntry:
    left = {name: value for name, value in _extra(entry).items() if name not in said}
    return KeyEntry(frame=entry.frame, ease=entry.ease, **left)


def cast_of(project: Project, clip: str, lead: str, *, load: Callable[[str], Model]) -> Cast[Model]:
    """The clip's cast; `lead` paints everybody it does not name. Raises ModelUnknown, CastInvalid."""
    from understudy.merging.cast import Cast

    require_models(project, clip, lead)
    names, known = models_of_cast(project.manifest.clips[clip], lead), project.manifest.models
    loaded = {
        name: load(name) for name in dict.fromkeys((*((lead,) if lead in known else ()), *names.values()))
    }
    of = shlex.join([str(project.folder), clip])
    return Cast(loaded.get(lead), {part: loaded[model] for part, model in names.items()}, of=of)


def require_models(project: Project, clip: str, lead: str) -> None:
    """Raise ModelUnknown unless the project has the models that would paint a clip."""
    names, known = models_of_cast(project.manifest.clips[clip], lead), project.manifest.models
    for part, model in names.items():
        if model not in known:
            raise ModelUnknown(
                f"The cast of clip {clip!r} gives {part!r} to the model {model!r}, which the project does not "
                f"have; it has {', '.join(known) or 'none yet'}.{meant(model, known)}"
            )
    if not names:
        model_named(project, lead)


def models_of_cast(entry: ClipEntry, lead: str) -> Mapping[str, str]:
    """The name of the model of every part."""
    return {
        part: (who.model or lead) if isinstance(who, CastEntry) else who for part, who in entry.cast.items()
    }


def plate_of(project: Project, clip: str) -> PlateFootage:
    """The clip that is painted into instead of dst, with its faces. Raises OptionInvalid, FacesetUnusable."""
    from understudy.merging.plate import PlateFootage

    known = project.manifest.clips
    if clip not in known:
        there = f"the project's clips are {', '.join(known)}.{meant(clip, known)}"
        raise OptionInvalid(f"Option 'plate' can't be {clip!r}: {there}")
    with project.faceset(*project.faceset_of_clip(clip)) as faceset:
        faces = [face.record for face in faceset.faces() if face.record.clip == clip]
    path = project.present_clip_path(clip)
    return PlateFootage(path, clip, faces, clip_sha256(project, path), color_space_of(project, clip))


def clip_sha256(project: Project, clip: Path) -> str:
    """The SHA-256 of a clip. Remembered while sizes and times stay the same: it can take minutes.

    Raises ClipMissing.
    """
    if known := known_clip_sha256(project, clip):
        return known
    looks = _looks(project, clip)  # first: what comes in its place while it is read is no such file
    return _remember_sha256(project, clip, looks, sha256_of(clip))


def clips_hashed(project: Project, clips: Sequence[Path]) -> Events:
    """Have `clip_sha256` know these clips, and tell how far that is where they are large."""
    new = [clip for clip in dict.fromkeys(clips) if clip.exists() and not known_clip_sha256(project, clip)]
    total = sum(folder_size_bytes(clip) if clip.is_dir() else clip.stat().st_size for clip in new)
    if total < _WORTH_TELLING_BYTES:
        return
    yield StageStarted(stage="hash", unit="MB", total=total // _MB)
    done = told = 0
    for clip in new:
        looks, pieces = _looks(project, clip), sha256_pieces(clip)
        while True:
            try:
                done += next(pieces)
            except StopIteration as end:
                _remember_sha256(project, clip, looks, end.value)
                break
            if done - told >= _TOLD_EVERY_BYTES:
                told = done
                yield Progress(stage="hash", done=done // _MB, total=total // _MB)
    yield StageFinished(stage="hash", summary={"clips": len(new)})


def known_clip_sha256(project: Project, clip: Path) -> str:
    """The SHA-256 of a clip where it is remembered; else nothing. Raises ClipMissing."""
    return _remembered(project).get(f"{clip}|{_looks(project, clip)}", "")


def last_clip_sha256(project: Project, clip: Path) -> str:
    """What the SHA-256 of a clip was when it was asked for last, however it is by now; else nothing."""
    known = reversed(_remembered(project).items())
    return next((sha256 for key, sha256 in known if key.startswith(f"{clip}|")), "")


def _remember_sha256(project: Project, clip: Path, looks: str, sha256: str) -> str:
    memory = {**_remembered(project), f"{clip}|{looks}": sha256}
    write_json(project.cache_folder / "sha256.json", memory)
    return sha256


def _remembered(project: Project) -> dict[str, str]:
    # What is damaged is calculated anew, as all of a cache.
    with contextlib.suppress(FileNotFoundError, ValueError):
        memory = read_json(project.cache_folder / "sha256.json")
        return memory if isinstance(memory, dict) else {}
    return {}


def _looks(project: Project, clip: Path) -> str:
    """Size and time of a file; of a folder, a digest of those of all its files. Raises ClipMissing."""
    if not clip.is_dir():
        try:
            stat = clip.stat()
        except FileNotFoundError:
            name = next((name for name in project.manifest.clips if project.clip_path(name) == clip), "CLIP")
            command = shlex.join(["understudy", "relink", str(project.folder), name, "NEW_PATH"])
            raise ClipMissing(
                f"The clip is no longer where it was. Put it back, or say where it lies now with `{command}`.",
                clip,
            ) from None
        return f"{stat.st_size}|{stat.st_mtime_ns}"
    files = sorted(path for path in clip.rglob("*") if path.is_file())
    stats = [(path.relative_to(clip).as_posix(), path.stat()) for path in files]
    listed = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
    return hashlib.sha256(repr(listed).encode()).hexdigest()


def cuts_of(project: Project, clip: str) -> list[int] | None:
    """The first frames of new shots, as the search for faces, or `watch_for_cuts`, saw them; None where neither
    has looked at the clip."""
    from understudy.facesets.extraction.redone import look_found
    from understudy.media.cuts import shot_starts

    found = look_found(project.cache_folder, clip, manual=project.manual_folder)
    if found:
        return sorted(found[place].index for place in shot_starts([frame.scene for frame in found]))
    try:
        known = read_json(_cuts_file(project, clip))
        return [int(frame) for frame in known["cuts"]] if known["clip"] == _state_of(project, clip) else None
    except (OSError, ValueError, KeyError, TypeError):  # not there, or edited: the clip is looked at again
        return None


def watch_for_cuts(project: Project, clip: str) -> Events:
    """Look at every frame of a clip for cuts, and remember them: its faces came from elsewhere."""
    from understudy.media.cuts import SceneWatch, shot_starts
    from understudy.media.opening import open_clip

    with open_clip(project.present_clip_path(clip), color_space_of(project, clip)) as opened:
        yield StageStarted(stage="cuts", unit="frames", total=opened.info.frame_count)
        watch, notes, places = SceneWatch(), [], []
        for frame in opened.frames():
            notes.append(watch.look(frame.rgb_8bit))
            places.append(frame.index)
            yield Progress(stage="cuts", done=len(notes), total=opened.info.frame_count)
    cuts = sorted(places[start] for start in shot_starts(notes))
    write_json(_cuts_file(project, clip), {"clip": _state_of(project, clip), "cuts": cuts})
    yield StageFinished(stage="cuts", summary={"cuts": len(cuts)})


def _cuts_file(project: Project, clip: str) -> Path:
    return project.cache_folder / f"{clip}.cuts.json"


def _state_of(project: Project, clip: str) -> list[int]:
    stat = project.clip_path(clip).stat()
    return [stat.st_size, stat.st_mtime_ns]
