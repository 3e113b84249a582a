"""Where the model's crop of every painted face lies in its frame, kept as crops.json beside merged frames.

For whoever goes on with a shot elsewhere: the matrix lays the model's squares and the frames on each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.files import read_json, write_json
from understudy.merging.journal import CROPS_NAME, Journal
from understudy.merging.plan import MergePlan
from understudy.merging.plate import Plate


def keep_crops(plan: MergePlan, journal: Journal, plate: Plate | None) -> None:
    """Write the crops of every merged frame's faces; a frame that is not made anew yet keeps its older ones."""
    older = crops_of(journal.folder)
    crops = {frame: _crops(frame, plan, plate) for frame in plan.faces if frame in journal.merged_frames()}
    crops |= {frame: older[frame] for frame in plan.left & set(crops) & set(older)}
    if crops != older:
        frames = {str(frame): entries for frame, entries in sorted(crops.items())}
        write_json(journal.folder / CROPS_NAME, {"version": 1, "frames": frames})


def crops_of(folder: Path) -> Mapping[int, Sequence[Mapping[str, Any]]]:
    """By frame; nothing for a merge that kept none."""
    try:
        return {int(frame): entries for frame, entries in read_json(folder / CROPS_NAME)["frames"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _crops(frame: int, plan: MergePlan, plate: Plate | None) -> list[dict[str, Any]]:
    found = []
    for record in plan.faces[frame]:
        predictor = plan.cast.predictor_for(record)
        place = record if plate is None else plate.face_for(frame)
        found.append(
            {
                "person": record.person,
                "track": record.track,
                "model": predictor.name,
                "face_type": predictor.face_type,
                "size_px": predictor.size_px,
                "crop_from_frame": [
                    [round(float(v), 6) for v in row] for row in plan.crop_matrix(place, predictor)
                ],
            }
        )
    return found
