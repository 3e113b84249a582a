"""Steps that bring an older understudy.toml to today's layout, one version at a time, on plain dicts.

Each step knows only the version before it and is never edited once released. Reading, backing up and writing
are `manifest.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, count
from pathlib import PurePath
from typing import Any

from understudy.facesets.names import safe_name

Values = dict[str, Any]

VERSION = 1


def _from_0_to_1(values: Values) -> Values:
    """Version 0 was flat: lists `src` and `dst` of clip paths, one `preset`, one `consent` status for both.

    Paths become named clips, the two sides become performers with a faceset `main`, and the one model gets
    the name `main`.
    """
    moved = {k: v for k, v in values.items() if k in ("name", "extract", "train", "merge")}
    moved["version"] = 1
    moved["performers"], moved["clips"] = {}, {}
    for role in ("src", "dst"):
        names = []
        for path in values.get(role, []):
            stem = safe_name(PurePath(str(path)).stem or role)
            candidates = chain([stem], (f"{stem}-{number}" for number in count(2)))
            name = next(candidate for candidate in candidates if candidate not in moved["clips"])
            moved["clips"][name] = {"path": str(path), "role": role, "performer": role}
            names.append(name)
        if names:
            moved["performers"][role] = {
                "consent": {"status": values.get("consent", "not stated")},
                "facesets": {"main": {"clips": names}},
            }
    if values.get("src") and values.get("dst"):
        sides = {"src_facesets": ["src/main"], "dst_facesets": ["dst/main"]}
        moved["models"] = {"main": {"preset": values.get("preset", "quick"), **sides}}
    return moved


STEPS: dict[int, Callable[[Values], Values]] = {
    0: _from_0_to_1,
}


def migrated(values: Values) -> Values:
    """`values` in today's layout. The version must be a whole number from 0 to VERSION; none means 0."""
    for version in range(values.get("version", 0), VERSION):
        values = STEPS[version](values)
    return values
