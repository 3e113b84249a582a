"""Pictures of a project's facesets: contact sheets, landmarks drawn on faces, and where src and dst look."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from understudy.events import Events, Made, StageFinished
from understudy.facesets.curation import choose as choosing
from understudy.facesets.curation.choose import Choice
from understudy.facesets.curation.coverage import coverage
from understudy.facesets.curation.coverage_map import draw_coverage
from understudy.facesets.curation.sheets import contact_sheets, landmark_pictures, require_page
from understudy.facesets.sorting.measure import measure_faces
from understudy.facesets.sorting.table import table_of
from understudy.files import move_to_trash, write_bytes
from understudy.jobs.facesets.curating import full_name, looked_at
from understudy.jobs.facesets.long_sorts import chosen_told, ranked_told
from understudy.media.images import encode_png
from understudy.project.manifest import Role
from understudy.project.project import Project


def sheet(
    project: Project,
    text: str,
    choice: Choice,
    *,
    out: Path | None = None,
    columns: int = 10,
    rows: int = 8,
    cell_px: int = 128,
    landmarks: bool = False,
) -> Events:
    """Contact sheets of the chosen faces, each with its name and the value it is sorted by.

    Raises OptionInvalid before anything is measured.
    """
    require_page(columns=columns, rows=rows, cell_px=cell_px)
    with looked_at(project, text) as desk:
        yield from choosing.made_ready(desk.faceset, choice)
        table, values = yield from ranked_told(desk.faceset, choice)
        values = [None] * len(values) if choice.sort == "name" else values
        captions = [_caption(face.path.stem, value) for face, value in zip(table.faces, values, strict=True)]
        yield from contact_sheets(
            desk.faceset,
            table.faces,
            captions,
            out or sheets_folder(project, desk.name),
            columns=columns,
            rows=rows,
            cell_px=cell_px,
            landmarks=landmarks,
            put_away=lambda page: _to_trash(project, page),
        )


def _to_trash(project: Project, page: Path) -> None:
    if page.resolve().is_relative_to(project.folder.resolve()):
        project.trash.put(page)
    else:
        move_to_trash(page, project.trash.folder)


def _caption(stem: str, value: object) -> str:
    if value is None:
        return stem
    return f"{value:.3g}  {stem}" if isinstance(value, float) else f"{value}  {stem}"


def landmarks(project: Project, text: str, choice: Choice, *, out: Path | None = None) -> Events:
    """A picture of each chosen face with its landmarks; the faceset itself stays as it is."""
    with looked_at(project, text) as desk:
        yield from choosing.made_ready(desk.faceset, choice)
        folder = out or sheets_folder(project, desk.name) / "landmarks"
        faces = yield from chosen_told(desk.faceset, choice)
        yield from landmark_pictures(desk.faceset, faces, folder)


def sheets_folder(project: Project, name: str) -> Path:
    """Where pictures of a faceset go when no place is named."""
    return project.folder / "sheets" / name.replace("/", "-")


def show_coverage(
    project: Project, *, src: Sequence[str] = (), dst: Sequence[str] = (), out: Path | None = None
) -> Events:
    """Say what src lacks for dst, and draw it. Without names, all facesets that hold a clip of a side count.

    The summary of the last event is the whole map as plain values, its words among them.
    """
    tables = {}
    with ExitStack() as stack:
        sides: tuple[tuple[Role, Sequence[str]], ...] = (("src", src), ("dst", dst))
        for role, texts in sides:
            names = [full_name(project, text) for text in texts] or project.facesets_with_clips(role)
            opened = [stack.enter_context(project.faceset(*name.split("/"))) for name in names]
            for faceset in opened:
                yield from measure_faces(faceset)
            tables[role] = [table_of(faceset) for faceset in opened if len(faceset)]
        found = coverage(tables["src"], tables["dst"])
    path = out or project.folder / "sheets" / "coverage.png"
    write_bytes(path, encode_png(draw_coverage(found)))
    yield Made("map of directions", path)
    yield StageFinished(stage="coverage", summary=found.as_json())
