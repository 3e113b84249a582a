"""What there is to know about a clip before working with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from understudy.media.describing import described
from understudy.media.opening import open_clip
from understudy.provenance.verify import verify


def clip_info(path: Path) -> dict[str, Any]:
    """JSON-able facts about a clip, its marks with them. Raises what opening raises."""
    with open_clip(path) as clip:
        return {**described(clip), "marks": verify(path).state}
