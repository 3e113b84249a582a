"""Which content of a clip is known: of what was searched, written to a faceset, or done again by hand."""

from __future__ import annotations

from pathlib import Path

from understudy.facesets.extraction.found import found_content, found_path
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.extraction.redone import redone_path


def known_contents(clip_name: str, *, cache: Path, faceset_folder: Path, manual: Path) -> set[str]:
    """For `clip_content`, which goes on by the rule that these were recorded by."""
    logs = [found_path(cache, clip_name), redone_path(cache, clip_name), redone_path(manual, clip_name)]
    return {*map(found_content, logs), *Journal.look(faceset_folder).contents(clip_name)} - {""}
