"""Record what a performer agreed to, in the project's manifest, and say it in a film's credits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from understudy.errors import ConsentMissing, OptionInvalid, PersonUnknown
from understudy.files import move_to_trash, write_bytes, write_text
from understudy.merging.delivery.options import LabelLanguage
from understudy.options import validation_sentence
from understudy.project.project import Project
from understudy.project.unknown import unknown
from understudy.provenance.consent import Consent
from understudy.provenance.consent_form import form_html


def record_consent(project: Project, performer: str, said: Mapping[str, Any]) -> Consent:
    """Change what is said of a performer's consent; what isn't said stays. Evidence is hashed and from then on
    must stay the file it is.

    Raises PersonUnknown, OptionInvalid, ConsentMissing where the evidence isn't there, is empty or unreadable.
    """
    consent_of(project, performer)
    values = dict(said)
    if evidence := said.get("evidence"):
        path = Path(evidence).absolute()
        values["evidence"] = project.stored_path(path, through_link=False)
        with reading_evidence(performer, path, stops=", so nothing was recorded"):
            values["evidence_sha256"] = Consent.model_validate({}).with_evidence(path).evidence_sha256
            _require_content(performer, path)
    with project.change() as manifest:
        # As it is by now: somebody may have withdrawn it since the project was opened.
        known = manifest.performers[performer].consent
        try:
            consent = Consent.model_validate({**known.model_dump(), **values})
        except ValidationError as error:
            raise OptionInvalid(validation_sentence(error)) from error
        manifest.performers[performer].consent = consent
    return consent


def _require_content(performer: str, evidence: Path) -> None:
    """Asked of what is recorded now alone: what a project has recorded before stays as it is."""
    if not evidence.stat().st_size:
        raise ConsentMissing(
            f"The evidence of {performer}'s consent is an empty file, so nothing was recorded. Name the signed "
            "form or contract itself.",
            evidence,
        )


@contextlib.contextmanager
def reading_evidence(performer: str, path: Path, *, stops: str = "") -> Iterator[None]:
    """Raise ConsentMissing where the evidence can't be read; `stops` goes on with what comes of that."""
    try:
        yield
    except OSError as error:
        raise ConsentMissing(
            f"The evidence of {performer}'s consent can't be read{stops}. Change its permissions.", path
        ) from error


def consent_of(project: Project, performer: str) -> Consent:
    """What is recorded. Raises PersonUnknown, naming those there are."""
    performers = project.manifest.performers
    if performer not in performers:
        raise PersonUnknown(unknown("performer", performer, performers))
    return performers[performer].consent


def credits_of(project: Project, language: LabelLanguage) -> list[str]:
    """What a film's credits should say, line by line. Raises ConsentMissing where a consent doesn't hold."""
    from understudy.jobs.delivery.marks import require_consent
    from understudy.merging.delivery.credits import credit_lines

    require_consent(project)
    name = project.manifest.name or project.folder.name
    return credit_lines(name, project.consents().values(), language)


def write_credits(project: Project, lines: list[str], out: Path, *, width: int, height: int) -> None:
    """Write them as a picture or as text; what stands at `out` goes to the trash.

    Raises OptionInvalid for another ending than .png and .txt, and where the words don't fit on the card.
    """
    from understudy.media.images import encode_png
    from understudy.merging.delivery.credits import credit_card

    suffix = out.suffix.lower()
    if suffix not in (".png", ".txt") or out.is_dir():
        raise OptionInvalid("The card for the credits is a file: let its name end in .png or .txt.", out)
    text = "\n".join(lines) + "\n"
    data = text.encode() if suffix == ".txt" else encode_png(credit_card(lines, width=width, height=height))
    _put_away(project, out)
    write_bytes(out, data)


def write_form(project: Project, performer: str, out: Path) -> None:
    """Write the page to print and sign; what stands at `out` goes to the trash.

    Raises PersonUnknown, OptionInvalid for another ending than .html.
    """
    if out.suffix.lower() not in (".html", ".htm") or out.is_dir():
        raise OptionInvalid("The form is a page for a browser to print: name it .html.", out)
    page = form_of(project, performer)
    _put_away(project, out)
    write_text(out, page)


def _put_away(project: Project, out: Path) -> None:
    if out.exists():
        move_to_trash(out, project.trash.folder)


def form_of(project: Project, performer: str, *, style_at: str = "") -> str:
    """The page itself; see `form_html`. Raises PersonUnknown."""
    name = project.manifest.name or project.folder.name
    return form_html(performer, consent_of(project, performer), production=name, style_at=style_at)
