"""How well faces are found: on rendered actors, whose faces are known exactly, by the product's own commands.

For every shot: in how many frames the detector sees the face ("raw"), in how many the faceset has it in its
place after tracking and filling gaps ("after"), how many finds and stored faces are on no face, how far
landmarks lie from the truth. Then the same by yaw, plates with nobody on them, and still heads before a noisy
sensor.

Goals: after >= 99 % within 45 degrees and from 80 px on, no false face, a still head's landmarks within 0.3 px.

Run: python benchmarks/finding.py [--out FOLDER] [--frames N] [--plates N] [--only WORD]

Seeds are fixed. Run again with the same folder it goes on where it stopped; delete a shot's folder to film and
search it anew.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.finding_shots import Shot, film, plates, shots, still_heads, truth_of

from understudy.faces.boxes import overlap
from understudy.faces.detect import DETECTORS
from understudy.faces.inputs import FinderInputs
from understudy.facesets.extraction.found import FoundLog
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.store import Faceset
from understudy.files import read_json, write_json
from understudy.media.clip import loose_frame

LEAST_OVERLAP = 0.35  # of a find's box with the box about the true landmarks
MOST_AWAY = 0.2  # of a stored face's middle from the true one's, in heights from brows to chin
YAW_BINS_DEG = ((-46, -30), (-30, -15), (-15, 15), (15, 30), (30, 46))
_INNER = slice(17, 68)


@dataclass(frozen=True)
class Search:
    """What is known after one clip was filmed and extracted."""

    raw: list[bool]  # for every frame with a face: did the detector see it
    after: list[bool]  # and is it in the faceset, in its place
    filled: list[bool]  # placed by its neighbours
    yaw_deg: list[float]
    height_px: list[float]
    error: list[float]  # mean distance of inner landmarks, in heights of the face; NaN where not stored
    false_raw: int
    false_after: int
    people: int

    def as_json(self) -> dict[str, Any]:
        """Plain lists."""
        return dict(self.__dict__)


def searched(clip: Path, truth: Sequence[Sequence[dict]], project: Path) -> Search:
    """Extract the clip's main person with the command line, and compare with the truth (one face a frame)."""
    people = _extracted(clip, project)
    (log_path,) = project.rglob("*.found.jsonl")
    least_score = ExtractOptions().min_score
    finds = {
        frame.index: np.array([f.detection.box_xyxy for f in frame.faces if f.detection.score >= least_score])
        for frame in FoundLog.look(log_path)
    }
    with Faceset(project / "facesets" / "src" / "main") as faceset:
        stored = {}
        for face in faceset.faces():
            stored.setdefault(face.record.frame, []).append(face.record)
    out = Search([], [], [], [], [], [], 0, 0, people)
    false_raw = false_after = 0
    for index, (face,) in enumerate(truth):
        boxes = finds.get(index, np.empty((0, 4))).reshape(-1, 4)
        share = overlap(boxes, np.array([face["box_xyxy"]]))[:, 0] if len(boxes) else np.empty(0)
        false_raw += int((share < LEAST_OVERLAP / 2).sum())
        marks, height = np.array(face["landmarks_68"]), face["height_px"]
        away = [np.linalg.norm((r.landmarks() - marks)[_INNER].mean(0)) / height for r in stored.get(index, [])]
        false_after += sum(bool(a > MOST_AWAY) for a in away)
        best = int(np.argmin(away)) if away else -1
        record = stored[index][best] if away and away[best] <= MOST_AWAY else None
        out.raw.append(bool((share >= LEAST_OVERLAP).any()))
        out.after.append(record is not None)
        out.filled.append(record is not None and record.filled)
        out.yaw_deg.append(face["yaw_deg"])
        out.height_px.append(height)
        miss = np.linalg.norm((record.landmarks() - marks)[_INNER], axis=1) if record else np.array([np.nan])
        out.error.append(float(miss.mean() / height))
    return Search(**out.as_json() | {"false_raw": false_raw, "false_after": false_after})


def _extracted(clip: Path, project: Path) -> int:
    """Run `new` and `extract`; returns how many people the program thought it saw."""
    if not project.exists():
        _ran(0, "new", project, "--src", clip, "--consent", "fictional")
    said = _ran(2, "extract", project)
    if "--src-face" not in said:
        return 1
    people = len(list((project / "people").rglob("person-*.jpg")))
    if people > 1:
        _ran(0, "extract", project, "--src-face", 1)
    return max(1, people)


def _ran(allowed: int, *arguments: object) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "understudy", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    if run.returncode not in (0, allowed):
        raise RuntimeError(f"understudy {arguments[0]} failed:\n{run.stdout}{run.stderr}")
    return run.stdout + run.stderr


def trembling(project: Path) -> dict[str, float]:
    """How far landmarks of a still head stray from their own mean, root mean square in pixels."""
    (log_path,) = project.rglob("*.found.jsonl")
    before = [f.faces[0].landmarks_68 for f in FoundLog.look(log_path) if f.faces]
    with Faceset(project / "facesets" / "src" / "main") as faceset:
        after = [face.record.landmarks() for face in faceset.faces()]

    def stray(landmarks: Sequence[np.ndarray]) -> float:
        points = np.stack(landmarks)
        return float(np.sqrt(np.square(points - points.mean(0)).sum(-1).mean()))

    return {"before_px": stray(before), "after_px": stray(after), "frames": len(after)}


def false_faces(count: int, *, detector: str = "mtcnn") -> int:
    """How many faces the detector sees on `count` plates without anybody."""
    least_score = ExtractOptions().min_score
    program = DETECTORS[detector](FinderInputs())
    found, batch = 0, []
    for plate in [*plates(count), None]:
        if plate is not None:
            batch.append(loose_frame(plate))
        if batch and (plate is None or len(batch) == 8):
            found += sum(face.score >= least_score for row in program.detect(batch) for face in row)
            batch = []
    return found


def result_of(shot: Shot, folder: Path) -> Search:
    """Film, extract and compare one shot; what is there from an earlier run is kept."""
    result = folder / "result.json"
    if not result.exists():
        clip = folder / ("frames" if shot.lossless else "clip.mp4")
        if not (folder / "truth.json").exists():
            clip = film(shot, folder)
        write_json(result, searched(clip, truth_of(folder), folder / "project").as_json())
    return Search(**read_json(result))


def _folder(out: Path, shot: Shot) -> Path:
    return out / f"{len(shot.states)}-{shot.name.replace(', ', '-').replace(' ', '-')}"


def _percent(flags: Sequence[bool]) -> str:
    return f"{100 * np.mean(flags):7.2f} %" if len(flags) else "      –"


def _line(name: str, found: Sequence[Search]) -> str:
    raw, after, filled = ([flag for s in found for flag in getattr(s, k)] for k in ("raw", "after", "filled"))
    error = np.nanmedian([e for s in found for e in s.error])
    height = np.mean([h for s in found for h in s.height_px])
    false_raw, false_after = (sum(getattr(s, k) for s in found) for k in ("false_raw", "false_after"))
    return (
        f"{name:<36}{len(raw):>6}{height:>6.0f} {_percent(raw)} {_percent(after)}{sum(filled):>7}"
        f"{false_raw:>6}{false_after:>7}{100 * error:>8.1f} %{max(s.people for s in found):>8}"
    )


def _yaw_table(found: Sequence[Search]) -> None:
    print(f"\n{'yaw':<12}{'faces':>6}{'raw':>10}{'after':>10}")
    yaw = np.array([y for s in found for y in s.yaw_deg])
    raw, after = (np.array([flag for s in found for flag in getattr(s, k)]) for k in ("raw", "after"))
    for low, high in YAW_BINS_DEG:
        there = (yaw >= low) & (yaw < high)
        name = f"{max(low, -45)}..{min(high, 45)}"
        print(f"{name:<12}{there.sum():>6} {_percent(raw[there])} {_percent(after[there])}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("finding"))
    parser.add_argument("--frames", type=int, default=60, help="of each shot")
    parser.add_argument("--plates", type=int, default=500, help="frames without anybody")
    parser.add_argument("--only", default="", help="shots whose name holds this word")
    said = parser.parse_args()
    began = time.monotonic()
    print(
        f"{'shot':<36}{'faces':>6}{'px':>6}{'raw':>10}{'after':>10}{'filled':>7}{'false':>6}{'after':>7}",
        end="",
    )
    print(f"{'marks off':>10}{'people':>8}")
    found = []
    for shot in shots(said.frames):
        if said.only in shot.name:
            found.append(result_of(shot, _folder(said.out, shot)))
            print(_line(shot.name, found[-1:]), flush=True)
    if found:
        print(_line("all", found))
        _yaw_table(found)
    print(f"\n{'still head':<36}{'frames':>6}{'before':>12}{'after':>10}")
    for shot in still_heads(said.frames):
        if said.only in shot.name:
            folder = _folder(said.out, shot)
            result_of(shot, folder)
            t = trembling(folder / "project")
            print(
                f"{shot.name:<36}{t['frames']:>6}{t['before_px']:>9.3f} px{t['after_px']:>7.3f} px", flush=True
            )
    if said.plates:
        print(f"\nfalse faces on {said.plates} plates without anybody: {false_faces(said.plates)}")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
