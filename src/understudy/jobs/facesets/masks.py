"""Masks of a project's facesets: regions drawn by hand, masks that a segmenter makes, and what has which.

Not here: how they get into a face (`facesets.curation.masks`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.counts import counted
from understudy.errors import DrawingUnreadable, FacesUnknown, OptionInvalid, SegmenterUnknown
from understudy.events import Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.facesets.curation import choose as choosing
from understudy.facesets.curation import masks
from understudy.facesets.curation.choose import Choice
from understudy.facesets.curation.drawings import Drawing, labelme_json, read_drawing
from understudy.facesets.record import PaintedLayer, Polygon
from understudy.facesets.store import Faceset, StoredFace
from understudy.files import require_free_space, said_plainly, write_bytes, write_json
from understudy.jobs.facesets.curating import all_names, changed, full_name, looked_at
from understudy.jobs.facesets.long_sorts import chosen_told
from understudy.jobs.facesets.sets import copy_faces
from understudy.jobs.option_names import require_names
from understudy.masks.segmenter import ABOUT_NAME, Segmenters, stock_segmenter
from understudy.options import meant
from understudy.project.inside import require_inside
from understudy.project.project import Project
from understudy.project.trash import TrashEntry

if TYPE_CHECKING:
    from understudy.training.segmenting.options import MaskTrainOptions

Drawn = dict[str, list[Polygon]]


def segmenters_of(project: Project) -> Segmenters:
    """Every segmenter that can be named in a project."""
    return Segmenters(project.masks_folder)


def segmenters_listed(project: Project) -> list[dict[str, Any]]:
    """Every segmenter by name, with what it is."""
    known = segmenters_of(project)
    own = [{"name": name, **_described(project, name)} for name in known.own()]
    return [
        {"name": name, "what": "comes with understudy"} for name in known.names() if name not in known.own()
    ] + own


def _described(project: Project, name: str) -> dict[str, Any]:
    """What is known of a project's own segmenter. Raises UnsafeFile."""
    from understudy.masks.own import read_about

    about = read_about(segmenters_of(project).folder_of(name))
    if about is None or not about.has_learned or about.iou is None:
        return {"what": "has learned nothing yet"}
    before = "" if about.iou_before is None else f" (before {about.iou_before:.3f})"
    learned = about.faces - about.held_out
    on = f"on {counted(about.held_out, 'face')} held out" if about.held_out else "on the same faces"
    words = f"learned from {counted(learned, 'face')}, overlap {about.iou:.3f}{before} {on}"
    return {"what": words, **about.model_dump(mode="json", exclude={"layout"})}


def train(
    project: Project,
    name: str,
    facesets: Sequence[str],
    options: MaskTrainOptions,
    *,
    device: str = "auto",
) -> Events:
    """Teach the segmenter of that name what is drawn on faces of these facesets, or of all.

    Raises what `train_segmenter` raises, and OptionInvalid for a name that can't be.
    """
    from understudy.training.segmenting.train import train_segmenter

    require_names(project, type(options), options.model_dump(exclude_unset=True))
    yield from _with_drawn_faces(project, name, facesets, partial(train_segmenter, options=options), device)


def check(
    project: Project,
    name: str,
    facesets: Sequence[str],
    options: MaskTrainOptions,
    *,
    parts: int = 5,
    device: str = "auto",
) -> Events:
    """Measure the segmenter of that name on every drawn face of these facesets, or of all, by networks that
    never saw the face; the segmenter stays as it is.

    Raises what `cross_check` raises, and OptionInvalid for a name that can't be.
    """
    from understudy.training.segmenting.cross_check import cross_check

    require_names(project, type(options), options.model_dump(exclude_unset=True))
    yield from _with_drawn_faces(
        project, name, facesets, partial(cross_check, options=options, parts=parts), device
    )


def _with_drawn_faces(
    project: Project, name: str, facesets: Sequence[str], stage: Callable[..., Events], device: str
) -> Events:
    """A stage on a segmenter's folder, with the facesets and what it is compared with."""
    from understudy.training.machine.device import choose_device

    folder = segmenters_of(project).folder_of(name)
    stock_name, stock = stock_segmenter(str(choose_device(device).device))
    if stock_name != "dense":
        yield Notice(
            f"The weights of our own face network are not here; {stock_name} is what it is compared with.",
            level="warning",
        )
    with ExitStack() as stack:
        names = [full_name(project, text) for text in facesets] or all_names(project)
        desks = [stack.enter_context(looked_at(project, one)) for one in names]
        opened = [(desk.name, desk.faceset) for desk in desks]
        yield from stage(folder, facesets=opened, stock=stock, device=device)


def put_away(project: Project, name: str) -> Path:
    """Put a project's own segmenter into the trash; returns where it lies now.

    Raises SegmenterUnknown, ModelInUse, LeadsOut where it, or the trash, lies behind a link out of the project.
    """
    from understudy.training.keeping.lock import model_lock

    known = segmenters_of(project)
    known.require_own(name)
    folder = known.folder_of(name)
    _require_inside(project, folder)
    with model_lock(folder):
        return project.trash.put(folder).path


def segmenters_put_away(project: Project) -> dict[str, TrashEntry]:
    """The project's own segmenters in the trash, by name; of several of a name the one put away last."""
    found: dict[str, TrashEntry] = {}
    for entry in project.trash.entries():  # the oldest first
        is_one = entry.origin is not None and entry.origin.parent == project.masks_folder
        if entry.origin is not None and is_one and (entry.path / ABOUT_NAME).is_file():
            found[entry.origin.name] = entry
    return found


def bring_back(project: Project, name: str) -> Path:
    """Bring the segmenter that was put away last under that name back whole; returns where it lies.

    Raises SegmenterUnknown where none is in the trash, OptionInvalid where its name is taken, ModelInUse, and
    LeadsOut where it would go through a link out of the project.
    """
    from understudy.training.keeping.lock import model_lock

    known = segmenters_of(project)
    if name in known.own():
        raise OptionInvalid(f"There is a segmenter {name!r} already. Rename that one first.")
    away = segmenters_put_away(project)
    if name not in away:
        here, there = ", ".join(known.own()) or "none yet", ", ".join(away) or "none"
        raise SegmenterUnknown(
            f"The project has no segmenter {name!r} of its own; it has {here}, and in its trash {there}."
            f"{meant(name, [*known.own(), *away])}"
        )
    folder = known.folder_of(name)
    _require_inside(project, folder)
    if folder.is_dir():  # one of that name begins to learn right now, or was killed as it began
        with model_lock(folder):
            return project.trash.restore(away[name])
    return project.trash.restore(away[name])


def _require_inside(project: Project, segmenter: Path) -> None:
    """Raise LeadsOut where a segmenter, or the trash, lies behind a link out of the project."""
    for path in (segmenter, project.trash.folder / segmenter.name):
        require_inside(project.folder, path)


def rename(project: Project, name: str, new_name: str) -> None:
    """Give a project's own segmenter another name. Masks it wrote into faces keep the old one.

    Raises SegmenterUnknown, OptionInvalid, ModelInUse.
    """
    from understudy.training.keeping.lock import model_lock

    known = segmenters_of(project)
    known.require_own(name)
    goal = known.folder_of(new_name)
    if goal.exists():
        raise OptionInvalid(f"There is a segmenter {new_name!r} already. Take another name.")
    with model_lock(known.folder_of(name)), said_plainly(goal):
        known.folder_of(name).rename(goal)


def list_backups(project: Project, name: str) -> list[int]:
    """The iterations of a segmenter's backups, oldest first. Raises SegmenterUnknown."""
    from understudy.training.keeping.backups import backups

    known = segmenters_of(project)
    known.require_own(name)
    return [backup.iteration for backup in backups(known.folder_of(name))]


def restore(project: Project, name: str, iteration: int) -> list[Path]:
    """Go back to a backup; what came after it goes to the trash. Returns where that lies now.

    Raises SegmenterUnknown, ModelInUse, CheckpointCorrupt where there is no such backup.
    """
    from understudy.training.segmenting.train import go_back

    known = segmenters_of(project)
    known.require_own(name)
    return go_back(known.folder_of(name), iteration, trash=project.trash.folder)


def draw(
    project: Project,
    text: str,
    files: Sequence[Path],
    *,
    face: str = "",
    keep_others: bool = False,
    dry_run: bool = False,
) -> Events:
    """Put the regions drawn in files (or in all `*.json` of folders) into the faces they are of.

    A file is of the face that its `imagePath` names, or else the one it is called like; `face` says it for a
    single file. Raises DrawingUnreadable, FacesUnknown.
    """
    drawings = [read_drawing(path) for path in _files_in(files)]
    if face and len(drawings) != 1:
        raise FacesUnknown("Only a single drawing can be said to be of one face. Leave the face out.")
    with changed(project, text) as desk:
        found, painted = _drawn(desk.faceset, drawings, face)
        if dry_run:
            yield Notice(f"{counted(len(found), 'face')} would get what is drawn for {_them(found)}.")
            return
        yield from masks.draw(desk.faceset, found, painted=painted, trash=desk.trash, keep_others=keep_others)


def _files_in(files: Sequence[Path]) -> list[Path]:
    for given in files:
        if not given.exists():
            what = "drawing" if given.suffix.lower() == ".json" else "file or folder"
            raise DrawingUnreadable(f"There is no such {what}. Check the spelling of the path.", given)
    found = [path for given in files for path in (sorted(given.glob("*.json")) if given.is_dir() else [given])]
    if not found:
        raise DrawingUnreadable(
            "There is no drawing here: no file that ends in .json.", files[0] if files else None
        )
    return found


def _them(found: Drawn) -> str:
    return "it" if len(found) == 1 else "them"


def _drawn(faceset: Faceset, drawings: Sequence[Drawing], said: str) -> tuple[Drawn, dict[str, PaintedLayer]]:
    """The regions of every face, and what is painted. Several files of one face add up."""
    by_name = {face.path.stem: face for face in faceset.faces()} | {face.name: face for face in faceset.faces()}
    found: Drawn = {}
    painted: dict[str, PaintedLayer] = {}
    for drawing in drawings:
        wish = said or drawing.picture_name
        face = (
            by_name.get(wish)
            or by_name.get(Path(wish).stem)
            or (None if said else by_name.get(drawing.path.stem))
        )
        if face is None:
            raise FacesUnknown(
                f"No face of this faceset is called {wish!r}, which is what this drawing is of.",
                drawing.path,
            )
        found.setdefault(face.name, []).extend(drawing.polygons(face.record))
        if (layer := drawing.painted(face.record)) is not None:
            painted[face.name] = layer
    return found, painted


def apply(
    project: Project,
    text: str,
    choice: Choice,
    *,
    segmenter: str,
    device: str = "auto",
    dry_run: bool = False,
) -> Events:
    """Write what a segmenter sees into each of the chosen faces. Raises SegmenterUnknown, WeightsMissing,
    DeviceUnavailable."""
    from understudy.training.machine.device import choose_device

    known = segmenters_of(project).on(str(choose_device(device).device))
    made_by = known.made_by(segmenter)
    with changed(project, text) as desk:
        yield from choosing.made_ready(desk.faceset, choice)
        faces = yield from chosen_told(desk.faceset, choice)
        if dry_run:
            yield Notice(f"{counted(len(faces), 'face')} would get a mask of {segmenter}.")
            return
        yield from masks.apply_masks(
            desk.faceset, faces, known.load(segmenter), name=segmenter, made_by=made_by, trash=desk.trash
        )


def remove(
    project: Project,
    text: str,
    choice: Choice,
    *,
    name: str = "",
    polygons: bool = False,
    dry_run: bool = False,
) -> Events:
    """Take masks out of the chosen faces (all, or those of a `name`), or the regions drawn on them."""
    with changed(project, text) as desk:
        yield from choosing.made_ready(desk.faceset, choice)
        faces = yield from chosen_told(desk.faceset, choice)
        have = [face for face in faces if (face.record.is_drawn_on if polygons else _has(face, name))]
        if dry_run:
            what = "drawn regions" if polygons else f"masks{f' of {name}' if name else ''}"
            yield Notice(f"{counted(len(have), 'face')} would lose their {what}.")
        elif polygons:
            yield from masks.remove_polygons(desk.faceset, have, trash=desk.trash)
        else:
            if name and not have:
                there = sorted({mask for face in faces for mask in face.record.masks})
                known = f"there are {', '.join(there) or 'none'}.{meant(name, there)}"
                raise FacesUnknown(f"No face has a mask of {name!r}; {known}")
            yield from masks.remove_masks(desk.faceset, have, name=name, trash=desk.trash)


def _has(face: StoredFace, name: str) -> bool:
    return name in face.record.masks if name else bool(face.record.masks)


def fetch(
    project: Project,
    text: str,
    choice: Choice,
    *,
    folder: Path | None = None,
    into: str = "",
    undrawn: bool = False,
    dry_run: bool = False,
) -> Events:
    """Copy the chosen faces that are drawn on (or, `undrawn`, all of them): into another faceset, or into a
    folder, each with a drawing that labelme opens.

    What is there already is never replaced. Raises FacesUnknown, OptionInvalid, DiskFull.
    """
    if (folder is None) == (not into):
        raise OptionInvalid("Say where the faces go: to a folder, or into a faceset PERFORMER/NAME.")
    with looked_at(project, text) as desk:
        yield from choosing.made_ready(desk.faceset, choice)
        asked = yield from chosen_told(desk.faceset, choice)
        faces = [face for face in asked if undrawn or face.record.is_drawn_on]
    if not faces:
        raise FacesUnknown(
            "None of these faces is drawn on. Draw with `understudy masks draw`, or fetch them with --undrawn "
            "to draw on them."
        )
    if folder is None:
        names = Choice(names=tuple(face.name for face in faces))
        yield from copy_faces(project, text, into, names, dry_run=dry_run)
    elif dry_run:
        yield Notice(f"{counted(len(faces), 'face')} would be copied.")
    else:
        yield from _to_folder(faces, folder)


def _to_folder(faces: Sequence[StoredFace], folder: Path) -> Events:
    require_free_space(folder, needed_bytes=sum(face.path.stat().st_size for face in faces))
    yield StageStarted(stage="fetch", unit="faces", total=len(faces))
    copied = 0
    for done, face in enumerate(faces, 1):
        copied += _fetched(face, folder)
        yield Progress(stage="fetch", done=done, total=len(faces))
    yield Made("folder of faces with their drawings", folder)
    yield StageFinished(stage="fetch", summary={"faces": len(faces), "copied": copied}, skipped=not copied)


def _fetched(face: StoredFace, folder: Path) -> bool:
    """Whether anything was written: a drawing that was changed there meanwhile stays."""
    picture, drawing = folder / face.name, folder / f"{face.path.stem}.json"
    new = False
    if not picture.exists():
        write_bytes(picture, face.path.read_bytes())
        new = True
    if not drawing.exists() and face.record.is_drawn_on:
        write_json(drawing, labelme_json(face.record, face.name))
        new = True
    return new


def facesets_listed(project: Project) -> Iterator[dict[str, Any]]:
    """Every faceset with how many of its faces are drawn on, would be learned from where any are (drawn on or
    confirmed, and not skipped), bear each mark, and have masks, by the masks' names."""
    for name in all_names(project):
        with looked_at(project, name) as desk:
            records = [face.record for face in desk.faceset.faces()]
        counts = Counter(mask for record in records for mask in record.masks)
        yield {
            "faceset": name,
            "faces": len(records),
            "drawn_on": sum(record.is_drawn_on for record in records),
            "learned_from": sum(record.teaches_masks for record in records),
            "confirmed": sum(record.done.is_confirmed for record in records),
            "skipped": sum(record.done.is_skipped for record in records),
            "masks": dict(counts.most_common()),
        }
