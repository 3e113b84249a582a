"""Rename, copy, put away and bring back a model with all that belongs to it, whole or not at all.

A change is written down before anything moves and every step of it can be done twice, so what a killed process
began is finished by whoever looks at the project next. Nothing is deleted: a model that is put away lies in the
trash with its merged frames and its entry. Not here: what a model is (`training`).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from glob import escape
from pathlib import Path
from typing import Any

from understudy.errors import FolderUnwritable, ModelUnknown, OptionInvalid, ProjectInvalid, UndoImpossible
from understudy.facesets.curation.entries import safe_place
from understudy.files import (
    ASIDE_SUFFIX,
    folder_aside,
    folder_size_bytes,
    move_whole,
    read_json,
    require_free_space,
    said_plainly,
    write_json,
    write_text,
)
from understudy.merging.journal import JOURNAL_NAME
from understudy.options import meant
from understudy.project.asked_here import is_asked_here, seals
from understudy.project.inside import inside, leads_out, require_inside, truly_inside
from understudy.project.lock import exclusive
from understudy.project.manifest import CastEntry, ModelEntry, require_name
from understudy.project.project import CAST, MODEL_CHANGE_NAME, Project
from understudy.project.unknown import model_named
from understudy.training.keeping.lock import LOCK_NAME, model_lock

PUT_AWAY_SUFFIX = ".model"
_ENTRY = "entry.json"
# Below these lies all that moves with a model.
_HOMES = ("models", "merged", "logs", "trash")
_HOME_OF_RUNS = ["logs", "runs"]
# What a copy does without: it can be made again, belongs to the moment, or is a second copy already.
_NOT_COPIED = (LOCK_NAME, "cache", "requests", "backups")


@dataclass(frozen=True)
class _Change:
    """Paths that move, from and to, relative to the project; the entry that goes and the one that comes."""

    moves: list[list[str]]
    drop: str = ""
    put: str = ""
    entry: dict[str, Any] | None = None
    emptied: str = ""  # a folder of the trash that holds nothing but its note when all is done
    notes: dict[str, Any] = field(default_factory=dict)  # JSON files of waiting runs that name the model, anew


@dataclass(frozen=True)
class PutAway:
    """A model in the trash; `at` is when it was put there, in seconds since 1970, 0 where that is not known."""

    name: str
    folder: Path
    entry: dict[str, Any]
    size_bytes: int
    at: float


def finish_model_change(project: Project) -> None:
    """Finish what a killed process began with a model. Raises FolderUnwritable."""
    with exclusive(_lock_path(project)):
        _finish(project)


def rename_model(
    project: Project, name: str, new: str, *, notes: Mapping[str, dict[str, Any]] | None = None
) -> None:
    """Give a model another name; its merged frames go with it. `notes` of waiting runs, by their place in the
    project, are written with that. Raises ModelUnknown, ModelInUse, OptionInvalid, FolderUnwritable when
    another process works on its clips."""
    with _changing(project, name) as entry:
        require_free_name(project, new, instead_of=name)
        moves = [[old, _renamed(old, name, new)] for old in _belongings(project, name)]
        _carry_out(
            project,
            _Change(moves, drop=name, put=new, entry=entry.model_dump(), notes=dict(notes or {})),
        )


def copy_model(project: Project, name: str, new: str) -> None:
    """Make a second model of all that one has learnt; the copy has merged nothing yet. Raises ModelUnknown,
    ModelInUse, OptionInvalid, DiskFull or FolderUnwritable."""
    with _changing(project, name) as entry:
        require_free_name(project, new)
        source, goal = project.model_folder(name), project.model_folder(new)
        moves = []
        if source.is_dir():
            require_free_space(project.folder, needed_bytes=folder_size_bytes(source))
            aside = folder_aside(goal)
            with said_plainly(goal):
                shutil.copytree(source, aside, ignore=shutil.ignore_patterns(*_NOT_COPIED))
            moves = [[_inside(project, aside), _inside(project, goal)]]
        _carry_out(
            project,
            _Change(moves, put=new, entry=entry.model_dump()),
        )


def put_away_model(project: Project, name: str) -> PutAway:
    """Move a model, its merged frames and its entry to the trash. Raises ModelUnknown, ModelInUse,
    FolderUnwritable when another process works on its clips, LeadsOut where the trash is elsewhere."""
    with _changing(project, name) as entry:
        folder = _free_place(project, name)
        require_inside(project.folder, folder)  # through a link nothing comes back
        values = entry.model_dump()
        held = _belongings(project, name)
        size = sum(folder_size_bytes(project.folder / path) for path in held)
        now = time.time()
        write_json(folder / _ENTRY, {"name": name, "entry": values, "held": held, "at": now})
        base = _inside(project, folder)
        moves = [[path, f"{base}/{path}"] for path in held]
        _carry_out(project, _Change(moves, drop=name))
    return PutAway(name, folder, values, size, now)


def models_put_away(project: Project) -> list[PutAway]:
    """The models in the trash, newest first."""
    found = []
    for note in sorted(project.trash.folder.glob(f"*{PUT_AWAY_SUFFIX}/{_ENTRY}"), reverse=True):
        try:
            said = read_json(truly_inside(project.folder, _inside(project, note)))
            name, entry = safe_place(said["name"], parts=1), dict(said["entry"])
            at = float(said.get("at", 0.0))  # earlier versions didn't say it
            ModelEntry.model_validate(entry)
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a note that somebody edited, or of a stranger; the files stay where they are
        found.append(PutAway(name, note.parent, entry, folder_size_bytes(note.parent), at))
    return found


def bring_back_model(project: Project, name: str, *, new: str = "") -> list[str]:
    """Bring the model that was put away last under that name back, with its merged frames; returns what could
    not be as it was. Raises ModelUnknown where none is in the trash, UndoImpossible where what it had learnt
    is not there, OptionInvalid where its name is taken."""
    goal_name = new or name
    with exclusive(_lock_path(project), wait_s=2.0):
        _finish(project)
        away = models_put_away(project)
        found = next((model for model in away if model.name == name), None)
        if found is None:
            there = ", ".join(dict.fromkeys(model.name for model in away)) or "none"
            near = meant(name, (model.name for model in away))
            raise ModelUnknown(f"No model {name!r} is in the trash; those there are: {there}.{near}")
        require_free_name(project, goal_name)
        entry, told = _with_known_facesets(project, found.entry)
        base = found.folder
        held = [path.relative_to(base).as_posix() for path in sorted(_parcels(base, name))]
        _require_parcels(base, name, held)
        moves = [[f"{_inside(project, base)}/{path}", _renamed(path, name, goal_name)] for path in held]
        _carry_out(
            project,
            _Change(
                moves,
                put=goal_name,
                entry=entry,
                emptied=_inside(project, base),
            ),
        )
    return told


def require_free_name(project: Project, name: str, *, instead_of: str = "") -> None:
    """Raise OptionInvalid where a model, or what is left of one, has this name."""
    # Folders of some systems don't tell cases apart.
    taken = {known.casefold() for known in project.manifest.models if known != instead_of}
    folder = project.model_folder(name)
    begun = any((folder / part).exists() for part in ("model.toml", "checkpoints"))
    if name.casefold() in taken or name == instead_of or (begun and name.casefold() != instead_of.casefold()):
        raise OptionInvalid(f"There is a model called {name!r} already. Take another name.")
    require_name(name)


@contextlib.contextmanager
def _changing(project: Project, name: str) -> Iterator[ModelEntry]:
    """Its entry, while nobody else uses the model, its merged frames, or changes any model."""
    with ExitStack() as stack:
        stack.enter_context(exclusive(_lock_path(project), wait_s=2.0))
        _finish(project)
        model_named(project, name)
        if project.model_folder(name).is_dir():
            lock = model_lock(project.model_folder(name))
            if os.name == "posix":
                stack.enter_context(lock)
            else:  # there a folder can't move while a file in it is open
                with lock:
                    pass
        casts = {path.parent.parent.name for path in _cast_journals(project, name)}
        for clip in sorted({*_merged_clips(project, name), *casts}):
            stack.enter_context(exclusive(project.clip_lock(clip), wait_s=0.5))
        yield project.manifest.models[name]


def _lock_path(project: Project) -> Path:
    return project.cache_folder / ".models.lock"


def _belongings(project: Project, name: str) -> list[str]:
    """What there is of a model, relative to the project."""
    paths = [project.model_folder(name), project.logs_folder / f"swap-{name}.json"]
    paths += [project.merged_folder(clip, name) for clip in _merged_clips(project, name)]
    return [_inside(project, path) for path in paths if path.exists()]


def _merged_clips(project: Project, name: str) -> list[str]:
    found = (project.folder / "merged").glob(f"*/{escape(name)}")
    return sorted(path.parent.name for path in found if path.is_dir())


def _parcels(base: Path, name: str) -> Iterator[Path]:
    named = escape(name)  # a name may hold what a pattern means otherwise: take[1]
    for pattern in (f"models/{named}", f"merged/*/{named}", f"logs/swap-{named}.json"):
        yield from (path for path in base.glob(pattern) if not leads_out(base, path))


def _require_parcels(base: Path, name: str, found: list[str]) -> None:
    """A model that had learnt nothing comes back as its entry alone; of any other its folder is there."""
    try:
        told = read_json(base / _ENTRY).get("held", [])
    except (OSError, ValueError, AttributeError):
        told = []
    learnt = f"models/{name}"
    others = [path.name for path in base.iterdir() if path.name != _ENTRY]
    if learnt not in found and (learnt in told or (others and not found)):
        raise UndoImpossible(
            f"What the model {name!r} had learnt is not where it was put in the trash, so it stays there. Look "
            "into this folder, and move what you find to where it belongs by hand.",
            base,
        )


def _renamed(path: str, name: str, new: str) -> str:
    head, _, last = path.rpartition("/")
    return f"{head}/{new}" if last == name else f"{head}/swap-{new}.json"


def _inside(project: Project, path: Path) -> str:
    return path.relative_to(project.folder).as_posix()


def _free_place(project: Project, name: str) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    places = (project.trash.folder / f"{stamp}-{n:03d}-{name}{PUT_AWAY_SUFFIX}" for n in range(1000))
    for place in places:
        if not place.exists():
            return place
    raise FolderUnwritable("The trash is too crowded to take one more model. Empty it.", project.trash.folder)


def _with_known_facesets(project: Project, entry: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    performers = project.manifest.performers
    known = {f"{who}/{name}" for who, performer in performers.items() for name in performer.facesets}
    told, kept = [], dict(entry)
    for side in ("src_facesets", "dst_facesets"):
        gone = [name for name in entry.get(side, ()) if name not in known]
        kept[side] = [name for name in entry.get(side, ()) if name in known]
        told += [f"faceset {name} is gone; the model does not learn from it any more" for name in gone]
    return kept, told


def _finish(project: Project) -> None:
    """Finish a change that is written down; hold the lock meanwhile."""
    path = project.folder / MODEL_CHANGE_NAME
    if not path.exists():
        _clear_half_copies(project.folder / "models")
        return
    try:
        change = _written(project, path)
    except (OSError, ValueError, TypeError, OptionInvalid) as error:
        raise ProjectInvalid(
            f"What was begun with a model can't be finished: its note says what this program writes into none "
            f"({error}). Nothing is moved by it; remove the note.",
            path,
        ) from error
    _do(project, change)


def _clear_half_copies(folder: Path) -> None:
    """Remove copies whose process died: nobody else makes any here while the lock is held."""
    for leftover in folder.glob(f".*{ASIDE_SUFFIX}"):
        shutil.rmtree(leftover, ignore_errors=True)


def _written(project: Project, path: Path) -> _Change:
    """The change in a note. A project may come from a stranger, and whoever opens it asked for no change:
    raises ValueError, TypeError or OptionInvalid for what would reach out of it. Only what was asked here may
    go through a link, as where `models` lies on another disk."""
    told = dict(read_json(path))
    said_seals = told.pop("seals", None)
    change = _Change(**told)
    place_of = inside if is_asked_here(project.folder, _sealed(change), said_seals) else truly_inside
    for said in (place for old, new in change.moves for place in (old, new)):
        home, *below = place_of(project.folder, said).relative_to(project.folder).parts
        if home not in _HOMES or not below:
            raise ValueError(f"{said!r} is no place of a model")
    if change.emptied:
        note = truly_inside(project.folder, f"{change.emptied}/{_ENTRY}")  # the parcel itself may be no link
        if note.parent.parent != project.trash.folder:
            raise ValueError(f"{change.emptied!r} is no place in the trash")
    for said in change.notes:
        *home, _run, _file = place_of(project.folder, said).relative_to(project.folder).parts
        if home != _HOME_OF_RUNS:
            raise ValueError(f"{said!r} is no note of a run")
    if change.put:
        require_name(change.put)
        ModelEntry.model_validate(change.entry)
    return change


def _carry_out(project: Project, change: _Change) -> None:
    for old, new in change.moves:
        goal = project.folder / new
        if goal.exists() and not _is_same(project.folder / old, goal):
            raise OptionInvalid(
                "Something else lies where this would go. Move it away or take another name.", goal
            )
    note = asdict(change)
    places = [*(place for move in change.moves for place in move), *change.notes]
    if any(leads_out(project.folder, project.folder / place) for place in places):
        note["seals"] = seals(project.folder, _sealed(change))
    write_json(project.folder / MODEL_CHANGE_NAME, note)
    _do(project, change)


def _sealed(change: _Change) -> list[str]:
    return ["model change", json.dumps(asdict(change), sort_keys=True)]


def _do(project: Project, change: _Change) -> None:
    for old, new in change.moves:
        source, goal = project.folder / old, project.folder / new
        if not source.exists():
            continue
        if not goal.exists():
            if project.trash.folder in goal.parents:
                _clear_half_copies(goal.parent)
            move_whole(source, goal)
        elif _is_same(source, goal):
            with said_plainly(goal):
                source.rename(goal)
        else:  # a kill between two disks: the goal is whole already
            project.trash.put(source)
    if change.drop and change.put:
        for journal in _cast_journals(project, change.drop):
            _rename_in_cast(journal, change.drop, change.put)
        for notes in sorted((project.folder / "settings").glob("*.jsonl")):
            _rename_in_notes(project, notes, change.drop, change.put)
    for place, note in change.notes.items():
        if (project.folder / place).exists():
            write_json(project.folder / place, note)
    with project.change() as manifest:
        models = {name: entry for name, entry in manifest.models.items() if name != change.drop}
        if change.put:
            models[change.put] = ModelEntry.model_validate(change.entry)
        manifest.models = models
        if change.drop and change.put:
            for clip in manifest.clips.values():
                clip.cast = _recast(clip.cast, change.drop, change.put)
    if change.emptied:
        _remove_parcel(project.folder / change.emptied)
    (project.folder / MODEL_CHANGE_NAME).unlink()


def _recast(cast: Mapping[str, str | CastEntry], name: str, new: str) -> dict[str, str | CastEntry]:
    """A clip's cast after a model got another name."""
    return {
        part: new
        if who == name
        else who.model_copy(update={"model": new})
        if isinstance(who, CastEntry) and who.model == name
        else who
        for part, who in cast.items()
    }


def _cast_journals(project: Project, name: str) -> list[Path]:
    """Those of frames that several models painted, this one among them."""
    paths = sorted((project.folder / "merged").glob(f"*/{CAST}/{JOURNAL_NAME}"))
    return [path for path in paths if any(one["name"] == name for one in _painters(_read_journal(path)))]


def _rename_in_cast(journal: Path, name: str, new: str) -> None:
    """Its frames are those of the model still: the journal's date, by which a finished file is newer, stays."""
    state, before = _read_journal(journal), journal.stat()
    for painter in _painters(state):
        painter["name"] = new if painter["name"] == name else painter["name"]
    write_json(journal, state)
    os.utime(journal, ns=(before.st_atime_ns, before.st_mtime_ns))


def _rename_in_notes(project: Project, path: Path, name: str, new: str) -> None:
    """Changes of a clip's cast can be taken back still, and give its parts to the model as it is called now."""
    if leads_out(project.folder, path):
        return
    try:
        notes = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for cast in (note[side].get("cast", {}) for note in notes for side in ("before", "after")):
            cast |= {part: new for part, model in cast.items() if model == name}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return  # whoever takes a change back says that
    write_text(path, "".join(json.dumps(note, ensure_ascii=False) + "\n" for note in notes))


def _read_journal(path: Path) -> Any:
    try:
        return read_json(path)
    except (OSError, ValueError):
        return None  # a merge says that, and makes its frames again


def _painters(state: Any) -> list[dict[str, Any]]:
    """What a merge wrote down of its models."""
    told = state if isinstance(state, dict) else {}
    models = told.get("models")
    painters = [told.get("model"), *(models if isinstance(models, list) else ())]
    return [one for one in painters if isinstance(one, dict) and "name" in one]


def _is_same(source: Path, goal: Path) -> bool:
    """Whether two names mean one thing, as `Main` and `main` do on some systems."""
    return source.samefile(goal)


def _remove_parcel(folder: Path) -> None:
    """Remove what is left of a parcel: its note and empty folders. Anything else stays."""
    (folder / _ENTRY).unlink(missing_ok=True)
    for path in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
        with contextlib.suppress(OSError):
            path.rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()
