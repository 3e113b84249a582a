"""Merge settings that a clip keeps: listed, taken out again, keys moved, changes taken back and made again.

`merge --save` and `--key` keep settings (`inputs`), `cast` says who paints; every change of them is noted in
the project, with what was there before. Not here: what settings do (`understudy.merging`).
"""

from __future__ import annotations

import contextlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from understudy.errors import OptionInvalid, ProjectInvalid
from understudy.files import write_text
from understudy.merging.frame_ranges import require_within
from understudy.merging.settings_over_time import Ease
from understudy.project.manifest import CastEntry, ClipEntry, KeyEntry, RangeEntry
from understudy.project.project import Project
from understudy.project.unknown import clip_named

CLIP, RANGE, KEY, ALL = "clip", "range", "key", "all"
_KEPT = ("merge", "ranges", "keys")
_HOW = f"Say {CLIP}, {RANGE} 2, {KEY} 120 or {ALL}; an option behind it takes out that alone: {KEY} 120 erode."


@contextlib.contextmanager
def noted(project: Project, clip: str, change: str) -> Iterator[None]:
    """Remember what the clip's kept settings were before the block changed them, to have it back."""
    before = _state(Project.open(project.folder).manifest.clips[clip])  # also what was changed by hand
    yield
    after = _state(project.manifest.clips[clip])
    if after["cast"] == before["cast"]:  # of no matter to whoever takes this back
        del before["cast"], after["cast"]
    if after != before:
        line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "change": change}
        _write(project, clip, [*_notes(project, clip), {**line, "before": before, "after": after}])
        _write(project, clip, [], undone=True)  # what was taken back does not fit any more


def listed_settings(project: Project, clip: str) -> dict[str, Any]:
    """What the clip keeps, each part by the name that takes it out, and the changes that can be taken back."""
    entry = clip_named(project, clip)
    parts = [{"part": CLIP, "frames": "all", "options": dict(entry.merge)}] if entry.merge else []
    parts += [
        {"part": f"{RANGE} {number}", "frames": part.frames, "options": _extra(part)}
        for number, part in enumerate(entry.ranges, 1)
    ]
    parts += [
        {"part": f"{KEY} {part.frame}", "frames": str(part.frame), "ease": part.ease, "options": _extra(part)}
        for part in entry.keys
    ]
    parts += [{"part": who, "frames": "all", "options": own} for who, own in _of_parts(entry).items()]
    changes, undone = (
        [{"at": note["at"], "change": note["change"]} for note in _notes(project, clip, undone=which)]
        for which in (False, True)
    )
    return {"clip": clip, "parts": parts, "changes": changes, "undone": undone}


def remove_settings(project: Project, clip: str, parts: Sequence[str]) -> str:
    """Take parts, or single options of them, out of what the clip keeps; tells what went.

    Raises OptionInvalid for a part or an option that is not there; then nothing is changed.
    """
    clip_named(project, clip)
    words = ", ".join(parts)
    with noted(project, clip, f"took out {words}"), project.change() as manifest:
        entry = manifest.clips[clip]
        # Ranges are counted as they were listed, also where one before them goes.
        ranges: list[RangeEntry | None] = list(entry.ranges)
        merge, keys = dict(entry.merge), {part.frame: part for part in entry.keys}
        own = _of_parts(entry)
        for part in parts:
            match part.split():
                case ["all"]:
                    merge, ranges, keys, own = {}, [], {}, {}
                case ["clip"] if merge:
                    merge = {}
                case ["clip", option] if option in merge:
                    del merge[option]
                case ["range", number] if _at(ranges, number) is not None:
                    ranges[int(number) - 1] = None
                case ["range", number, option] if option in _extra(_at(ranges, number)):
                    ranges[int(number) - 1] = _without(ranges[int(number) - 1], option)
                case ["key", frame] if _numbered(frame) in keys:
                    del keys[int(frame)]
                case ["key", frame, option] if option in _extra(keys.get(_numbered(frame))):
                    without = _without(keys.pop(int(frame)), option)
                    keys |= {int(frame): without} if without else {}
                case ["person" | "track", _] if part in own:
                    del own[part]
                case ["person" | "track" as kind, number, option] if option in own.get(f"{kind} {number}", ()):
                    del own[f"{kind} {number}"][option]
                case _:
                    raise OptionInvalid(f"Clip {clip!r} keeps nothing called {part!r}. {_HOW}")
        left = {
            "merge": merge,
            "ranges": [part for part in ranges if part is not None],
            "keys": [keys[frame] for frame in sorted(keys)],
            "cast": _cast_with(entry.cast, own),
        }
        manifest.clips = {**manifest.clips, clip: entry.model_copy(update=left)}
    command = shlex.join(["understudy", "settings", str(project.folder), clip, "--undo"])
    return f"{clip}: {words} is kept no more. `{command}` brings it back."


def move_key(project: Project, clip: str, frame: int, to: int, *, ease: Ease | None = None) -> str:
    """Take a key to another frame with all its options, or only give it another ease; tells what was done.

    Raises OptionInvalid where there is no such key, the frame lies outside the clip, or there is a key already.
    """
    _require_in_clip(project, clip, to)
    words = f"moved key {frame} to {to}" if to != frame else f"gave key {frame} the ease {ease}"
    with noted(project, clip, words), project.change() as manifest:
        entry = manifest.clips[clip]
        keys = {part.frame: part for part in entry.keys}
        if frame not in keys:
            raise OptionInvalid(f"Clip {clip!r} has no key at frame {frame}. {_HOW}")
        if to != frame and to in keys:
            raise OptionInvalid(f"There is a key at frame {to} already. Take it out first: {KEY} {to}.")
        moved = keys.pop(frame)
        keys[to] = moved.model_copy(update={"frame": to, "ease": ease or moved.ease})
        left = {"keys": [keys[place] for place in sorted(keys)]}
        manifest.clips = {**manifest.clips, clip: entry.model_copy(update=left)}
    return f"{clip}: {words}."


def undo_settings(project: Project, clip: str) -> str:
    """Take the last change of what the clip keeps back; tells which.

    Raises OptionInvalid where there is none, ProjectInvalid where understudy.toml was changed since.
    """
    clip_named(project, clip)
    notes = _notes(project, clip)
    if not notes:
        raise OptionInvalid(f"Nothing was kept or taken out for clip {clip!r}: there is nothing to take back.")
    *earlier, last = notes
    _turn(project, clip, last, wanted="before")
    _write(project, clip, _with(_notes(project, clip, undone=True), last), undone=True)
    _write(project, clip, earlier)
    return f"{clip}: taken back: {last['change']}."


def redo_settings(project: Project, clip: str) -> str:
    """Make the change again that was taken back last; tells which. Raises as `undo_settings`."""
    clip_named(project, clip)
    undone = _notes(project, clip, undone=True)
    if not undone:
        raise OptionInvalid(f"No change of clip {clip!r} was taken back: there is nothing to make again.")
    *others, last = undone
    _turn(project, clip, last, wanted="after")
    _write(project, clip, _with(_notes(project, clip), last))
    _write(project, clip, others, undone=True)
    return f"{clip}: made again: {last['change']}."


def _with(notes: Sequence[dict[str, Any]], last: dict[str, Any]) -> list[dict[str, Any]]:
    """The notes with this one at the end, which a process that was killed may have put there."""
    return [*(note for note in notes if note != last), last]


def _turn(project: Project, clip: str, note: Mapping[str, Any], *, wanted: Literal["before", "after"]) -> None:
    """Give the clip the settings that it had before, or after, a change."""
    entry, here = clip_named(project, clip), note["after" if wanted == "before" else "before"]
    now = _state(entry)
    if "cast" not in here:
        del now["cast"]
    if now == note[wanted]:  # a process that was killed had turned it and only not noted it
        return
    if now != here:
        raise ProjectInvalid(
            f"The settings of clip {clip!r} were changed by hand after the last change made here "
            f"({note['change']}), which can't be taken back without losing that. Edit understudy.toml.",
            project.folder,
        )
    kept = {name: note[wanted][name] for name in _KEPT}
    other = ClipEntry.model_validate({**entry.model_dump(), **kept})
    with project.change() as manifest:
        update = {name: getattr(other, name) for name in _KEPT}
        painters = note[wanted].get("cast", manifest.clips[clip].cast)
        update["cast"] = _cast_with(painters, note[wanted].get("parts", {}))
        manifest.clips = {**manifest.clips, clip: manifest.clips[clip].model_copy(update=update)}


def _require_in_clip(project: Project, clip: str, frame: int) -> None:
    from understudy.media.opening import open_clip

    clip_named(project, clip)
    with open_clip(project.present_clip_path(clip)) as opened:
        require_within([range(frame, frame + 1)], opened.info.frame_count, who="Frames")


def _state(entry: ClipEntry) -> dict[str, Any]:
    """As JSON has it, so that what was written compares equal to what is read."""
    told, own = entry.model_dump(mode="json"), _of_parts(entry)
    cast = {who: part.model if isinstance(part, CastEntry) else part for who, part in entry.cast.items()}
    kept = {name: told[name] for name in _KEPT} | {"cast": cast} | ({"parts": own} if own else {})
    return json.loads(json.dumps(kept))


def _of_parts(entry: ClipEntry) -> dict[str, dict[str, Any]]:
    """The settings that parts of the cast have of their own."""
    found = {
        who: dict(part.model_extra or {}) for who, part in entry.cast.items() if isinstance(part, CastEntry)
    }
    return {who: own for who, own in found.items() if own}


def _cast_with(
    cast: Mapping[str, str | CastEntry], own: Mapping[str, Mapping[str, Any]]
) -> dict[str, str | CastEntry]:
    """The cast, painted by whom it is, with these settings of its parts and no others."""
    return {
        who: CastEntry(model=part.model if isinstance(part, CastEntry) else part, **own.get(who, {}))
        if isinstance(part, CastEntry) or who in own
        else part
        for who, part in cast.items()
    }


def _extra(part: RangeEntry | KeyEntry | None) -> dict[str, Any]:
    return dict(part.model_extra or {}) if part is not None else {}


def _without(part: Any, option: str) -> Any:
    """The part without one option; None where nothing is left of it."""
    left = {name: value for name, value in _extra(part).items() if name != option}
    own = {name: getattr(part, name) for name in type(part).model_fields}
    return type(part)(**own, **left) if left else None


def _numbered(word: str) -> int:
    return int(word) if word.isdecimal() else -1


def _at(ranges: Sequence[RangeEntry | None], number: str) -> RangeEntry | None:
    place = _numbered(number)
    return ranges[place - 1] if 1 <= place <= len(ranges) else None


def _path(project: Project, clip: str, *, undone: bool) -> Path:
    return project.folder / "settings" / f"{clip}{'.undone' * undone}.jsonl"


def _notes(project: Project, clip: str, *, undone: bool = False) -> list[dict[str, Any]]:
    """What was changed; or what of it was taken back, the last at the end."""
    path = _path(project, clip, undone=undone)
    if not path.is_file():
        return []
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except ValueError as error:
        raise ProjectInvalid(
            "The list of changes of merge settings can't be read. Move it away to go on without it.", path
        ) from error


def _write(project: Project, clip: str, notes: Sequence[Mapping[str, Any]], *, undone: bool = False) -> None:
    path = _path(project, clip, undone=undone)
    if not notes and not path.exists():
        return
    path.parent.mkdir(exist_ok=True)
    write_text(path, "".join(json.dumps(note, ensure_ascii=False) + "\n" for note in notes))
