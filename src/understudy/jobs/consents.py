"""Record what a performer agreed to, in the project's manifest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from understudy.errors import OptionInvalid, PersonUnknown
from understudy.files import write_text
from understudy.options import validation_sentence
from understudy.project.project import Project
from understudy.provenance.consent import Consent
from understudy.provenance.consent_form import form_html


def record_consent(project: Project, performer: str, said: Mapping[str, Any]) -> Consent:
    """Change what is said of a performer's consent; what isn't said stays. Evidence is hashed and from then on
    must stay the file it is.

    Raises PersonUnknown, ConsentMissing where the evidence isn't there, OptionInvalid.
    """
    known = consent_of(project, performer)
    values = {**known.model_dump(), **said}
    evidence = values.get("evidence")
    if "evidence" in said and evidence:
        path = Path(evidence).absolute()
        inside = path.is_relative_to(project.folder.absolute())
        values["evidence"] = str(path.relative_to(project.folder.absolute()) if inside else path)
        values["evidence_sha256"] = Consent.model_validate({}).with_evidence(path).evidence_sha256
    try:
        consent = Consent.model_validate(values)
    except ValidationError as error:
        raise OptionInvalid(validation_sentence(error)) from error
    with project.change() as manifest:
        manifest.performers[performer].consent = consent
    return consent


def consent_of(project: Project, performer: str) -> Consent:
    """What is recorded. Raises PersonUnknown, naming those there are."""
    performers = project.manifest.performers
    if performer not in performers:
        known = ", ".join(performers) or "none yet"
        raise PersonUnknown(f"The project has no performer called {performer!r}; it has {known}.")
    return performers[performer].consent


def write_form(project: Project, performer: str, out: Path) -> None:
    """Write the page to print and sign. Raises PersonUnknown, OptionInvalid for another ending than .html."""
    if out.suffix.lower() not in (".html", ".htm"):
        raise OptionInvalid("The form is a page for a browser to print: name it .html.", out)
    name = project.manifest.name or project.folder.name
    write_text(out, form_html(performer, consent_of(project, performer), production=name))
