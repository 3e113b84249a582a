"""Who agreed to what: one record per performer, and the rule that stops an export.

It is a record, not a lock: it says what the makers stated, and goes into the marks of every finished file.
Reading `understudy.toml` is `project`'s work, writing marks is `sign.py`'s.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from datetime import date
from pathlib import Path, PureWindowsPath
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from understudy.errors import ConsentMissing
from understudy.files import sha256_of

Status = Literal["agreed", "fictional", "not stated", "refused"]


class Consent(BaseModel):
    """What one performer agreed to, as the project states it.

    Dates are whole days, both inclusive; None leaves that end open. `evidence` names a file (a signed form, a
    contract) that itself never leaves the project: only its name and SHA-256 go into the marks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Status = Field("not stated", description="agreed, fictional (rendered), not stated or refused.")
    who: str = Field("", description="The performer's name or role.")
    scope: str = Field("", description="What the face may be used for, in the words agreed on.")
    uses: list[str] = Field([], description="Uses agreed on, a word each; a file for another one is stopped.")
    valid_from: date | None = Field(None, description="First day on which the consent holds.")
    valid_until: date | None = Field(None, description="Last day on which the consent holds.")
    attested_by: str = Field("", description="Who states that the performer agreed.")
    evidence: str | None = Field(None, description="File that proves it, relative to the project.")
    evidence_sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$", description="SHA-256 of that file.")

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> Self:
        if self.valid_from and self.valid_until and self.valid_from > self.valid_until:
            days = f"{self.valid_from}, is later than the last day, {self.valid_until}"
            raise ValueError(f"the first day, {days}")
        return self

    def with_evidence(self, evidence: Path) -> Self:
        """A copy that names `evidence` and its SHA-256. Raises ConsentMissing when there is no such file."""
        if evidence.is_dir():
            raise ConsentMissing("The evidence of consent is a folder. Name a file in it.", evidence)
        if not evidence.is_file():
            raise ConsentMissing("The evidence of consent isn't there. Name a file that exists.", evidence)
        return self.model_copy(
            update={"evidence": evidence.as_posix(), "evidence_sha256": sha256_of(evidence)},
        )

    def problem(self, *, today: date, use: str | None = None) -> str:
        """Why nothing final may be made on `today`, as the rest of a sentence; empty when it may.

        `use` is what the file is for, empty where nobody said; None asks about the dates alone.
        """
        if self.status == "refused":
            return "is refused"
        if self.status != "agreed":
            return ""
        if self.valid_from and today < self.valid_from:
            return f"holds only from {self.valid_from}"
        if self.valid_until and today > self.valid_until:
            return f"ended on {self.valid_until}"
        if use is not None and self.uses and use.strip().casefold() not in {u.casefold() for u in self.uses}:
            asked = f"not {use.strip()!r}" if use.strip() else "and nothing is said of what this file is for"
            return f"covers {', '.join(self.uses)}, {asked}"
        return ""

    def sentence(self) -> str:
        """The consent in words, as said after the performer's name and a colon."""
        if self.status == "not stated":
            return "the maker did not state whether they agreed"
        if self.status == "fictional":
            return "a rendered person who does not exist"
        attested = f", as {self.attested_by} attests" if self.attested_by else ""
        if self.status == "refused":  # whatever was asked for, and until when, limits no refusal
            return f"refused{attested}"
        words = f"agreed to {self.scope}" if self.scope else "agreed"
        words += f" ({', '.join(self.uses)})" if self.uses else ""
        words += f", from {self.valid_from}" if self.valid_from else ""
        words += f", until {self.valid_until}" if self.valid_until else ""
        return words + attested

    def for_marks(self) -> dict[str, Any]:
        """What goes into a signed file: all that is stated, without any folder of the maker's machine."""
        values = self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        if self.evidence:
            values["evidence"] = PureWindowsPath(self.evidence).name  # knows both kinds of separators
        return {"status": self.status, **values}


def require_export_consent(
    consents: Mapping[str, Consent], *, today: date, use: str | None = None, project: str = "PROJECT"
) -> None:
    """Raise ConsentMissing unless everyone's consent allows a finished file on `today`, for `use` (see
    `Consent.problem`).

    `consents` maps the performer's name in the project to the record. "not stated" is allowed: the marks then
    say that nothing was stated. Models and merged frames are kept whatever comes out of this.
    `project` is how commands that are said name the project.
    """
    for performer, consent in consents.items():
        problem = consent.problem(today=today, use=use)
        if not problem:
            continue
        name = f"{performer} ({consent.who})" if consent.who and consent.who != performer else performer
        words = json.dumps(performer, ensure_ascii=False) if " " in performer else performer
        command = f"`understudy consent {shlex.quote(project)} {words}"
        way_out = f"Ask the performer again and record the new days, as with {command} --until DAY`."
        if consent.status == "refused":
            way_out = "Train a model without this performer's faces, or take those clips out of the project."
        elif consent.valid_from and today < consent.valid_from:
            way_out = f"Wait for that day, or ask the performer and record another with {command} --from DAY`."
        elif not consent.problem(today=today):
            way_out = (
                "Say with --use what the file is for; for another use, ask the performer and record all of "
                f"them with {command} --use WORDS`."
            )
        raise ConsentMissing(f"The consent of {name} {problem}, so nothing final is written. {way_out}")
