"""`understudy consent`: who agreed to what, until when, and the page to sign."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from understudy.cli.consent_questions import answers
from understudy.cli.keyboard import person_sits_here
from understudy.project.project import Project

Clearable = Literal["who", "scope", "use", "from", "until", "attested-by", "evidence"]
# The record's own names with what they are when nothing is recorded.
_CLEARED: dict[Clearable, dict[str, Any]] = {
    "who": {"who": ""},
    "scope": {"scope": ""},
    "use": {"uses": []},
    "from": {"valid_from": None},
    "until": {"valid_until": None},
    "attested-by": {"attested_by": ""},
    "evidence": {"evidence": None, "evidence_sha256": None},
}


def consent(
    project: Path,
    performer: str = "",
    /,
    *,
    status: Literal["agreed", "fictional", "not stated", "refused"] | None = None,
    who: str | None = None,
    scope: str | None = None,
    use: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="", show_default=False)] = (),
    valid_from: Annotated[date | None, Parameter(name="--from")] = None,
    valid_until: Annotated[date | None, Parameter(name="--until")] = None,
    attested_by: str | None = None,
    evidence: Path | None = None,
    clear: Annotated[
        tuple[Clearable, ...], Parameter(consume_multiple=True, negative="", show_default=False)
    ] = (),
    form: Path | None = None,
) -> None:
    """Record what a performer agreed to, or show what is recorded; nothing named shows everybody.

    With a performer and nothing else it asks, at a terminal; anywhere else it never waits for an answer.

    Parameters
    ----------
    project:
        The project folder.
    performer:
        The performer's name in the project, as src or dst.
    status:
        How they agreed.
    who:
        Their name or role.
    scope:
        What the face may be used for, in the words agreed on.
    use:
        Uses agreed on, a word each, as film trailer. `encode --use` must then name one of them.
    valid_from:
        The first day on which it holds, as 2026-09-01.
    valid_until:
        The last one.
    attested_by:
        Who states that they agreed.
    evidence:
        The signed form or contract, as seen from the current folder. It stays where it is; its SHA-256 goes
        into the marks.
    clear:
        What is recorded of these is taken back, as until for a consent without an end.
    form:
        Write a page to print and sign, filled in with what is recorded. What stands there goes to the
        project's trash.
    """
    from understudy.jobs.delivery.consents import consent_of, record_consent, write_form
    from understudy.jobs.delivery.marks import consent_troubles

    opened = Project.open(project)
    cleared = {field: empty for each in clear for field, empty in _CLEARED[each].items()}
    said = {
        "status": status,
        "who": who,
        "scope": scope,
        "uses": list(use) or None,
        "valid_from": valid_from,
        "valid_until": valid_until,
        "attested_by": attested_by,
        "evidence": None if evidence is None else str(evidence),
    }
    given = cleared | {name: value for name, value in said.items() if value is not None}
    if (given or form is not None) and not performer:
        from understudy.errors import OptionInvalid

        raise OptionInvalid(
            f"Say whose consent it is; the project has {', '.join(opened.manifest.performers)}."
        )
    asked = bool(performer) and not given and form is None
    if asked and person_sits_here():
        given = answers(performer, consent_of(opened, performer))
    elif asked:
        print(
            "To record something: --status, --who, --scope, --use, --from, --until, --attested-by, --evidence; "
            "to take something back: --clear."
        )
    if given:
        record_consent(opened, performer, given)
    if form is not None:
        write_form(opened, performer, form)
        print(f"to print and sign: {form}")
    troubles = consent_troubles(opened)
    for name in [performer] if performer else opened.manifest.performers:
        _show(opened, name, troubles.get(name, ""))


def _show(project: Project, performer: str, trouble: str) -> None:
    from understudy.jobs.delivery.consents import consent_of
    from understudy.provenance.words import escaped

    known = consent_of(project, performer)
    # A project may be somebody else's, with anything in it.
    print(escaped(f"{performer}{f' ({known.who})' if known.who else ''}: {known.sentence()}"))
    if known.evidence and known.evidence_sha256:
        print(escaped(f"  evidence: {known.evidence} [sha256 {known.evidence_sha256[:12]}…]"))
    problem = known.problem(today=date.today())
    if problem:
        print(f"  nothing final can be made: it {problem}")
    elif trouble:
        print(f"  nothing final can be made: {trouble}")
    if known.status != "agreed" and (known.uses or known.valid_from or known.valid_until):
        print("  uses and dates count only once it says --status agreed")
