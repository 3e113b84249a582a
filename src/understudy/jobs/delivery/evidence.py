"""Files that prove a consent and are kept inside the project: which are taken, and where they lie.

They are handed in by the studio; the command names a file that stays where it is. Recording them is
`consents.record_consent`, how they come is the studio's matter.
"""

from __future__ import annotations

from pathlib import Path

from understudy.errors import OptionInvalid
from understudy.jobs.delivery.consents import consent_of
from understudy.project.project import Project

LARGEST_EVIDENCE_BYTES = 64 << 20
# How such files begin; text has no beginning of its own.
_BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    ".pdf": (b"%PDF-",),
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".tif": (b"II*\0", b"MM\0*"),
    ".tiff": (b"II*\0", b"MM\0*"),
    ".txt": (),
    ".eml": (),
}
EVIDENCE_SUFFIXES = frozenset(_BEGINNINGS)


def evidence_folder(project: Project, performer: str) -> Path:
    """Where the evidence of a performer's consent is kept. Raises PersonUnknown."""
    consent_of(project, performer)
    return project.folder / "consent" / performer


def require_evidence(path: Path) -> None:
    """Raise OptionInvalid where a file is not what its ending says: PDF, a picture, or text."""
    beginnings = _BEGINNINGS.get(path.suffix.lower())
    data = path.read_bytes() if beginnings == () else _head(path)
    holds = beginnings is not None and (data.startswith(beginnings) if beginnings else _is_text(data))
    if not holds:
        raise OptionInvalid(
            "This is no signed form or contract that can be kept: take a PDF, a picture of it (PNG, JPEG, "
            "TIFF) or text (.txt, .eml) whose name ends as what it is."
        )


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode("utf-8")
    except UnicodeDecodeError:
        return False
