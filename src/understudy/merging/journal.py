"""merge.json: which frames are merged, with which settings, and why the others are not.

Every merged frame is remembered by a fingerprint of all that made it. A frame whose fingerprint is still the
same is not made again; others are forgotten here before their file is replaced, so a kill at any moment leaves
at worst a frame that is made once more. What is done between two savings is noted line by line in merge.jsonl.
Not here: what goes into a fingerprint (`fingerprints`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.counts import counted
from understudy.errors import OptionInvalid, ProjectInvalid
from understudy.files import read_json, require_no_link, said_plainly, write_json
from understudy.merging.frame_ranges import in_words, one_stretch, parse_frames, stretches_of

JOURNAL_NAME = "merge.json"
CROPS_NAME = "crops.json"  # beside it; `crops` writes it
MASKS, FACES = "masks", "faces"  # folders of what is kept beside the pictures
_VERSION = 1
_NOTES_NAME = "merge.jsonl"
_FRAMES_NAMED = 5
_STRETCHES_NAMED = 5
_AGAIN = "to be merged again"
_WHY_AGAIN = (
    "Those that are to be merged again were made with other settings than they have now, or by a model that "
    "has learnt more since."
)


def frame_path(folder: Path, frame: int) -> Path:
    """Where the merged picture of a frame lies: a PNG, or the EXR of a scene-linear clip."""
    deep = folder / f"{frame:06d}.exr"
    return deep if deep.is_file() else folder / f"{frame:06d}.png"


class Journal:
    """The state of one folder of merged frames."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._about: dict[str, Any] = {}
        self._merged: dict[int, str] = {}
        self._refused: dict[int, tuple[str, str]] = {}
        self._partly: dict[int, str] = {}
        self.was_complete = False
        self.settings_before: dict[str, Any] = {}  # the clip's own, of the merge that was here last
        self._read()

    def is_done(self, frame: int, fingerprint: str) -> bool:
        """True when this frame needs no more work: its file is there, or it was refused for a known reason."""
        if frame in self._refused:
            return self._refused[frame][0] == fingerprint
        return self._merged.get(frame) == fingerprint and frame_path(self.folder, frame).is_file()

    def mark_of(self, frame: int) -> str | None:
        """The fingerprint a frame was made, or refused, with; None for one that was never tried."""
        return self._refused[frame][0] if frame in self._refused else self._merged.get(frame)

    def describe(self, about: Mapping[str, Any]) -> None:
        """Set what is said about the whole folder: settings, model, clip."""
        self._about = dict(about)

    def forget(self, frames: Iterable[int]) -> None:
        """These frames are about to be made again or removed."""
        for frame in frames:
            self._merged.pop(frame, None)
            self._refused.pop(frame, None)
            self._partly.pop(frame, None)

    def remember(self, frame: int, fingerprint: str) -> None:
        """The file of this frame is written."""
        self._merged[frame] = fingerprint
        self._note("merged", frame, fingerprint)

    def refuse(self, frame: int, fingerprint: str, reason: str) -> None:
        """This frame can't be merged with these settings."""
        self._refused[frame] = (fingerprint, reason)
        self._note("refused", frame, fingerprint, reason)

    def merged_partly(self, frame: int, reason: str) -> None:
        """Some, not all, of this frame's faces could be painted."""
        self._partly[frame] = reason
        self._note("partly", frame, reason)

    def partly(self) -> list[dict[str, Any]]:
        """Frames in which a face was left as it was, with the reason."""
        return [{"frame": frame, "reason": reason} for frame, reason in sorted(self._partly.items())]

    def refusals(self) -> dict[int, str]:
        """Reasons by frame."""
        return {frame: reason for frame, (_, reason) in self._refused.items()}

    def merged_frames(self) -> set[int]:
        """Frames whose picture is made."""
        return set(self._merged)

    def digest(self) -> str:
        """Changes whenever a picture of this folder is made, made again or gone."""
        return hashlib.sha256(repr(sorted(self._merged.items())).encode()).hexdigest()[:16]

    def known_frames(self) -> set[int]:
        """Frames that have an entry or a picture."""
        pictures = [*self.folder.glob("[0-9]*.png"), *self.folder.glob("[0-9]*.exr")]
        return {*self._merged, *self._refused, *(int(p.stem) for p in pictures if p.stem.isdecimal())}

    def save(
        self,
        *,
        complete: bool = False,
        unswapped: Iterable[Mapping[str, Any]] = (),
        left: Iterable[int] | None = None,
    ) -> None:
        """Write merge.json. `unswapped` lists every frame without a painted face, with its reason; `left` are
        those that are not as they should be, None where that is not known."""
        write_json(
            self.folder / JOURNAL_NAME,
            {
                "version": _VERSION,
                "complete": complete,
                "left": None if left is None else in_words(stretches_of(left)),
                **self._about,
                "unswapped": list(unswapped),
                "refused": {
                    str(frame): {"fingerprint": mark, "reason": reason}
                    for frame, (mark, reason) in sorted(self._refused.items())
                },
                "partly": self.partly(),
                "merged": {str(frame): mark for frame, mark in sorted(self._merged.items())},
            },
        )
        (self.folder / _NOTES_NAME).unlink(missing_ok=True)

    def _note(self, what: str, frame: int, *words: str) -> None:
        path = self.folder / _NOTES_NAME
        require_no_link(path)
        with said_plainly(path), path.open("a", encoding="utf-8") as notes:
            notes.write(json.dumps([what, frame, *words]) + "\n")

    def _read_notes(self) -> None:
        """What was done since merge.json was saved; the last line may be torn."""
        path = self.folder / _NOTES_NAME
        lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else [""]
        for line in lines[:-1]:
            match json.loads(line):
                case ["merged", int(frame), str(mark)]:
                    self._merged[frame] = mark
                case ["refused", int(frame), str(mark), str(reason)]:
                    self._refused[frame] = (mark, reason)
                case ["partly", int(frame), str(reason)]:
                    self._partly[frame] = reason
                case _:
                    raise ValueError(line)

    def _read(self) -> None:
        path = self.folder / JOURNAL_NAME
        if not path.is_file():
            return
        try:
            state = read_json(path)
            if state["version"] != _VERSION:
                return
            self._merged = {int(frame): str(mark) for frame, mark in state["merged"].items()}
            self._refused = {
                int(frame): (str(entry["fingerprint"]), str(entry["reason"]))
                for frame, entry in state["refused"].items()
            }
            self._partly = {int(entry["frame"]): str(entry["reason"]) for entry in state["partly"]}
            self.was_complete = bool(state["complete"])
            self.settings_before = dict(state.get("settings", {}))
            self._read_notes()
        except (ValueError, KeyError, TypeError, AttributeError):
            # A journal somebody edited or an older one: everything is made again, which is always right.
            self._merged, self._refused, self._partly, self.was_complete = {}, {}, {}, False


@dataclass(frozen=True, kw_only=True)
class PaintingModel:
    """A model that painted."""

    name: str
    sha256: str
    iterations: int


@dataclass(frozen=True, kw_only=True)
class MergeFacts:
    """What a finished merge says about itself, for marks and reports; the first of `models` also apart."""

    model_name: str
    model_sha256: str
    model_iterations: int
    frames: int
    swapped: int
    unswapped: list[dict[str, Any]]  # {"frame": index, "reason": words} for every frame that was not swapped
    models: tuple[PaintingModel, ...]
    stretch: str = ""  # which frames these are, like "120:160", where they are not all of the clip
    plate: str = ""  # the clip whose frames were painted into, where that was not dst


def merge_facts(folder: Path, frames: str = "", *, of: str = "") -> MergeFacts:
    """Read them from merge.json, of the whole clip or of the stretch `frames` (like "120:160").

    `of` is what commands on this clip begin with, as "shot dst", for what is said where it is not merged.
    Raises ProjectInvalid where no merge came to its end there, OptionInvalid for frames the clip doesn't have.
    """
    try:
        state = read_json(folder / JOURNAL_NAME)
        stretch = one_stretch(frames, int(state["clip"]["frames"]))
        if not _is_made(state, frames, stretch):
            raise ValueError
        unswapped = [entry for entry in state["unswapped"] if int(entry["frame"]) in stretch]
        swapped = {int(frame) for frame in state["merged"]} - {int(entry["frame"]) for entry in unswapped}
        models = tuple(
            PaintingModel(
                name=str(model["name"]), sha256=str(model["sha256"]), iterations=int(model["iterations"])
            )
            for model in state.get("models", [state["model"]])
        )
        return MergeFacts(
            model_name=models[0].name,
            model_sha256=models[0].sha256,
            model_iterations=models[0].iterations,
            models=models,
            frames=len(stretch),
            swapped=len(swapped.intersection(stretch)),
            unswapped=unswapped,
            stretch=in_words([stretch]) if len(stretch) < int(state["clip"]["frames"]) else "",
            plate=str(state.get("settings", {}).get("plate", "")),
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ProjectInvalid(_not_made(folder, frames, of), folder) from error


def _not_made(folder: Path, frames: str, of: str) -> str:
    made, left = made_stretch(folder), left_in_words(folder, frames)
    merge, encode = (" ".join(filter(None, ("understudy", verb, of))) for verb in ("merge", "encode"))
    if not made or not left:
        return f"This clip has not been merged to its end. Run `{merge}` first."
    asked = f"frames {frames} of this clip" if frames else "this clip"
    why = f" {_WHY_AGAIN}" if _AGAIN in left else ""
    return (
        f"Of {asked}, {left}.{why} Run `{merge}` first, or deliver frames {made} alone with `{encode} --frames "
        f"{made}`."
    )


def left_in_words(folder: Path, frames: str = "") -> str:
    """Which frames of a clip, or of the stretch `frames`, keep it from being whole; empty where that is not
    known, or none does."""
    try:
        state = read_json(folder / JOURNAL_NAME)
        stretch = one_stretch(frames, int(state["clip"]["frames"]))
        parts = [range(max(p.start, stretch.start), min(p.stop, stretch.stop)) for p in _left_in(state)]
        left = {frame for part in parts for frame in part}
        known = {int(frame) for frame in (*state["merged"], *state["refused"])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OptionInvalid):
        return ""
    told = [(left - known, "not merged yet"), (left & known, _AGAIN)]
    return " and ".join(f"{_named(which)} {words}" for which, words in told if which)


def _named(frames: Collection[int]) -> str:
    stretches = stretches_of(frames)
    which = in_words(stretches[:_STRETCHES_NAMED]) + (" and more" if len(stretches) > _STRETCHES_NAMED else "")
    return f"frame {which} is" if len(frames) == 1 else f"frames {which} are"


def _is_made(state: Mapping[str, Any], frames: str, stretch: range) -> bool:
    """Whether a merge left these frames as they should be; all of them where none are said."""
    if state["complete"]:
        return True
    return bool(frames.strip()) and not any(_overlap(stretch, left) for left in _left_in(state))


def _left_in(state: Mapping[str, Any]) -> list[range]:
    """Raises ValueError where that is not known."""
    left, plate = state.get("left"), state.get("settings", {}).get("plate")
    if not isinstance(left, str) or plate:  # between faces the plate is laid when all is merged
        raise ValueError
    return parse_frames(left) if left else []


def _overlap(one: range, other: range) -> bool:
    return one.start < other.stop and other.start < one.stop


def made_stretch(folder: Path) -> str:
    """The longest stretch, like "120:160", that is merged as it should be in a clip where other frames are
    not; empty where there is none, or all are."""
    try:
        state = read_json(folder / JOURNAL_NAME)
        if state["complete"]:
            return ""
        left = _left_in(state)
        merged = sorted(int(frame) for frame in state["merged"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OptionInvalid):
        return ""
    made = [frame for frame in merged if not any(frame in each for each in left)]
    found: list[range] = []
    for frame in made:  # frames without a face may lie between them, frames that are left may not
        if found and not any(_overlap(range(found[-1].stop, frame), each) for each in left):
            found[-1] = range(found[-1].start, frame + 1)
        else:
            found.append(range(frame, frame + 1))
    return in_words([max(found, key=len)]) if found else ""


def unswapped_of(folder: Path) -> dict[int, str]:
    """Why, by frame, as far as merge.json tells; nothing where the merge did not come to its end."""
    try:
        return {
            int(entry["frame"]): str(entry["reason"]) for entry in read_json(folder / JOURNAL_NAME)["unswapped"]
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def require_frames(folder: Path) -> None:
    """Raise OptionInvalid where what was merged are not frames of the clip, but the model's squares."""
    try:
        mode = str(read_json(folder / JOURNAL_NAME)["settings"]["mode"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    if mode == "raw-predict":
        raise OptionInvalid(
            "This clip was merged with --mode raw-predict: its pictures are the model's squares, not frames, "
            "and no movie of dst can be made of them. Take the pictures where they lie, or merge in another "
            "mode.",
            folder,
        )


def require_pictures(folder: Path, stretch: range) -> None:
    """Raise ProjectInvalid where a frame listed as merged has no picture: dst's own would be shown for it."""
    merged = Journal(folder).merged_frames().intersection(stretch)
    gone = sorted(frame for frame in merged if not frame_path(folder, frame).is_file())
    if gone:
        which = ", ".join(map(str, gone[:_FRAMES_NAMED])) + (" and more" if len(gone) > _FRAMES_NAMED else "")
        raise ProjectInvalid(
            f"Merged pictures are gone ({counted(len(gone), 'frame')}: {which}), so dst's own face would be "
            "shown there. Run `understudy merge` again: it makes those that are missing.",
            folder,
        )


def is_complete(folder: Path, frames: str = "") -> bool:
    """True when merge.json says that the merge ran to its end, in the whole clip or the stretch `frames`."""
    try:
        state = read_json(folder / JOURNAL_NAME)
        if not frames.strip() or state["complete"]:
            return bool(state["complete"])
        return _is_made(state, frames, one_stretch(frames, int(state["clip"]["frames"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
