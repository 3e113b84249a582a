"""Sign a finished file and read the marks back: what doesn't verify is not delivered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.errors import MarksUnreadable
from understudy.provenance.sign import SigningFacts, sign_file
from understudy.provenance.verify import verify


def signed_and_verified(
    unsigned: Path, signed: Path, facts: SigningFacts, *, inputs: Sequence[Path] = ()
) -> Path | None:
    """Like `sign_file`; afterwards the written file is read again and must show valid marks.

    A file whose marks don't hold is removed with its sidecar. Raises MarksUnreadable for it, and what
    `sign_file` raises.
    """
    sidecar = sign_file(unsigned, signed, facts, inputs=inputs)
    verdict = verify(signed)
    if verdict.state in ("trusted", "valid"):
        return sidecar
    if signed.is_file():
        signed.unlink()
        if sidecar is not None:
            sidecar.unlink(missing_ok=True)
    raise MarksUnreadable(
        "The finished file's marks don't hold when they are read back, so it was not delivered. The disk may "
        f"be failing; run the same command again. ({verdict.sentences[0]})",
        signed,
    )
