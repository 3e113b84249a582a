"""Evidence that is kept in a project is a document, a picture of one or text, and what it says it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from understudy.errors import OptionInvalid, PersonUnknown
from understudy.jobs.delivery.evidence import EVIDENCE_SUFFIXES, evidence_folder, require_evidence
from understudy.media.images import encode_jpeg, encode_png
from understudy.project.project import Project

WALL = np.full((8, 8, 3), 90, np.uint8)
TRUE = {
    ".pdf": b"%PDF-1.7\n...",
    ".png": encode_png(WALL),
    ".jpg": encode_jpeg(WALL, 90),
    ".jpeg": encode_jpeg(WALL, 90),
    ".tif": b"II*\0" + bytes(20),
    ".tiff": b"MM\0*" + bytes(20),
    ".txt": "I agree. Zoë".encode(),
    ".eml": b"From: mira@example.org\n\nI agree.",
}


def test_every_kind_that_is_taken_is_taken(tmp_path: Path) -> None:
    assert set(TRUE) == EVIDENCE_SUFFIXES
    for suffix, data in TRUE.items():
        path = tmp_path / f"signed{suffix.upper()}"
        path.write_bytes(data)
        require_evidence(path)


@pytest.mark.parametrize("suffix", [*sorted(EVIDENCE_SUFFIXES), ".html", ".exe", ""])
@pytest.mark.parametrize("data", [b"\x7fELF" + bytes(60), b"MZ\0\0", b"\xff\xfe\0x"])
def test_what_only_calls_itself_a_document_is_refused(tmp_path: Path, suffix: str, data: bytes) -> None:
    path = tmp_path / f"signed{suffix}"
    path.write_bytes(data)
    with pytest.raises(OptionInvalid, match="no signed form or contract"):
        require_evidence(path)


def test_it_lies_with_the_performer_and_nobody_else(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shot")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "0.png").write_bytes(encode_png(WALL))
    project.add_clip(tmp_path / "src", "src")
    assert evidence_folder(project, "src") == project.folder / "consent" / "src"
    for name in ("nobody", "..", "../src"):
        with pytest.raises(PersonUnknown):
            evidence_folder(project, name)
