"""Deliver: the finished file, what its marks will say, and what those of a file say now."""

from __future__ import annotations

import shlex
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict

from understudy.studio.lanes import HEAVY
from understudy.studio.open_studio import StudioHere
from understudy.studio.rooms.merge.desk import DeskHere, said_of
from understudy.studio.rooms.merge.state import shot_of

routes = APIRouter()


class Wanted(BaseModel):
    """What shall be written: one dst clip, the model that painted it, a plain name, options said, as JSON."""

    model_config = ConfigDict(extra="forbid")

    clip: str
    model: str
    name: str = ""
    said: str = ""


class Name(BaseModel):
    """A file by its name."""

    name: str


class Sent(Name):
    """A file that a window will send, to be looked at and forgotten."""

    size_bytes: int


@routes.get("/state")
def state(studio: StudioHere, use: str = "") -> dict[str, Any]:
    """Clips and their merges, consents, what was finished, and the ledger."""
    from understudy.jobs.delivery import finished_files

    project = studio.project()
    ledger = finished_files.ledger_lines(project)
    return {
        "shots": finished_files.shots(project),
        "consents": finished_files.consents(project, use=use),
        "finished": finished_files.finished(project, ledger),
        "ledger": ledger,
    }


@routes.get("/options")
def options(studio: StudioHere, purpose: str | None = None) -> dict[str, Any]:
    """Every option of encoding but the purpose, with the values of the purpose, or of the project, as defaults;
    and every purpose there is."""
    from dataclasses import asdict

    from understudy.jobs.presets import list_presets
    from understudy.jobs.settings import encode_options
    from understudy.merging.delivery.options import EncodeOptions
    from understudy.options import describe

    project = studio.project()
    chosen = encode_options(project, {} if purpose is None else {"purpose": purpose})
    values = chosen.model_dump(mode="json")
    told = [
        {**asdict(info), "default": values[info.name], "value": values[info.name]}
        for info in describe(EncodeOptions)
        if info.name != "purpose"
    ]
    presets = [asdict(one) for one in list_presets(project, "encode")]
    return {"options": told, "purpose": chosen.purpose, "presets": presets}


@routes.get("/outlook", dependencies=[HEAVY])
def outlook(studio: StudioHere, wanted: Annotated[Wanted, Query()]) -> dict[str, Any]:
    """What would be written, what the credentials would say, and what would stop it. Writes nothing."""
    from understudy.jobs.delivery import finished_files

    project, said = studio.project(), said_of(wanted.said)
    told = finished_files.outlook(project, wanted.model, wanted.clip, said=said, name=wanted.name)
    return {**told, "consents": finished_files.consents(project, use=str(said.get("use") or ""))}


@routes.get("/frames", dependencies=[HEAVY])
def frames(studio: StudioHere, desk: DeskHere, clip: str, model: str, stretch: str = "") -> dict[str, Any]:
    """How many frames of a clip, or of a stretch of it, are not as the settings kept now make them, or why
    that is not known."""
    from understudy.errors import UnderstudyError
    from understudy.jobs.delivery import finished_files

    project = studio.project()
    shot = shot_of(project, clip, model)
    try:
        states = desk.wanted(project, shot).states()
    except UnderstudyError as error:
        return finished_files.not_known(error)
    return finished_files.behind(states, stretch)


@routes.get("/credits")
def credits(studio: StudioHere, language: str = "en") -> dict[str, Any]:
    """The words for a film's credits, and the command that makes them a card."""
    from understudy.errors import OptionInvalid
    from understudy.jobs.delivery.consents import credits_of
    from understudy.merging.delivery.options import LABEL_WORDS
    from understudy.options import meant

    if language not in LABEL_WORDS:
        there = f"there are {', '.join(LABEL_WORDS)}.{meant(language, LABEL_WORDS)}"
        raise OptionInvalid(f"There are no credits in {language!r}; {there}")
    project = studio.project()
    card = shlex.join(["understudy", "credits", str(project.folder), "--out", "card.png"])
    return {"lines": credits_of(project, language), "languages": LABEL_WORDS, "card": card}


@routes.get("/download")
def download(studio: StudioHere, name: str) -> Response:
    """A finished file, to be kept elsewhere; parts of it where a browser asks for parts.

    A folder of images, and a file that has to keep others beside it, come as a zip.
    """
    from understudy.errors import ClipMissing
    from understudy.jobs.delivery import finished_files
    from understudy.studio.zipping import zipped

    project = studio.project()
    path = finished_files.finished_path(project, name)
    if path.parent != project.out_folder or path.is_symlink() or not path.exists():
        raise ClipMissing(f"{name!r} lies elsewhere. Copy it from there.")
    parts, headers = finished_files.parts_of(path), {"Cache-Control": "no-store"}
    if path.is_file() and len(parts) == 1:
        return FileResponse(path, filename=name, headers=headers)
    said = f"attachment; filename*=UTF-8''{quote(f'{name}.zip')}"
    headers |= {"Content-Disposition": said, "Content-Encoding": "identity"}
    return StreamingResponse(zipped(parts), media_type="application/zip", headers=headers)


@routes.get("/verify", dependencies=[HEAVY])
def verify(studio: StudioHere, name: str) -> dict[str, Any]:
    """What the marks of a finished file say, as `understudy verify` does."""
    from understudy.jobs.delivery import finished_files

    project = studio.project()
    return finished_files.verdict(project, finished_files.finished_path(project, name))


@routes.post("/verify/begin")
def begin(studio: StudioHere, sent: Sent) -> dict[str, Any]:
    """Make room for a file to be looked at; its pieces go to /api/uploads."""
    from understudy.studio.receiving import TO_VERIFY

    folder = studio.project().folder / "cache" / "verify"
    upload = studio.receiving.begin(folder, sent.name, sent.size_bytes, kind=TO_VERIFY)
    return {"id": upload.id}


class Arrived(BaseModel):
    """A file that was sent whole."""

    id: str


@routes.post("/verify/finish", dependencies=[HEAVY])
def finish(studio: StudioHere, arrived: Arrived) -> dict[str, Any]:
    """What the marks of a file that was sent say. The file is forgotten."""
    from understudy.errors import UploadRefused
    from understudy.jobs.delivery import finished_files

    upload = studio.receiving.get(arrived.id)
    try:
        if upload.have_bytes != upload.size_bytes:
            raise UploadRefused(f"Only {upload.have_bytes} of {upload.size_bytes} bytes of {upload.name} came.")
        return {**finished_files.verdict(studio.project(), upload.aside), "name": upload.name}
    finally:
        studio.receiving.cancel(upload)
