"""Advice about the faces of a project: how many, how sharp, whose, turned where, lit how.

Thresholds are what manuals and experience say; each rule speaks only where this project's own numbers pass it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from understudy.counts import counted
from understudy.jobs.advice.facts import Advice, Facts

_STIFF, _FEW = 60, 300
_MANY, _KEPT = 3000, 1500
_BLURRED = 0.5  # of the usual sharpness
_WORTH_IT = 0.05  # share of faces
_LEAST = 5  # faces
_LIGHT_GAP = 0.1
_WIDER = 0.05
_COLLAPSE = 3.0
_MOST_GAPS = 5
_CLOSED, _HARDLY = 0.4, 0.5  # of the usual opening; of the share of dst's faces
_OWN_WAYS = ("avatar", "recyclegan")  # are asked other things than what is advised


def few_faces(facts: Facts) -> Iterator[Advice]:
    """A likeness comes from many expressions and turns."""
    count = facts.src.count
    if count < _FEW:
        yield Advice(
            "few_faces",
            3 if count < _STIFF else 2,
            f"src has {counted(count, 'face')}; {_FEW} to {_KEPT} different ones are usual.",
            "The faces decide the result more than any setting: what src never shows can't be painted, and "
            "from few faces a likeness stays stiff.",
            "Add clips in which src speaks, turns and looks up and down, and extract them.",
            facts.command("add", "--src CLIP"),
        )


def too_many_faces(facts: Facts) -> Iterator[Advice]:
    """Many alike faces take time from those that matter."""
    count, fullest = facts.src.count, int(facts.coverage.src.counts.max(initial=0))
    if count > _MANY:
        kept = {name: max(1, round(_KEPT * faces / count)) for name, faces in facts.src.sets.items()}
        yield Advice(
            "too_many_faces",
            1,
            f"src has {count} faces, {fullest} of them looking the same way to 15 degrees.",
            "Faces that are alike teach nothing new and take iterations from rare turns; "
            f"about {_KEPT} different and sharp ones learn sooner.",
            f"Keep the {_KEPT} best that cover all turns; the rest goes to the trash and can be brought back.",
            facts.for_each("faceset keep", {name: f"--sort final --limit {n}" for name, n in kept.items()}),
        )


def gaps(facts: Facts) -> Iterator[Advice]:
    """What the map of directions says that src lacks for dst."""
    whys = {
        "few": "A turn that was never seen of src is painted from its neighbours: eyes and cheeks go wrong.",
        "blurred": "What was learnt from blurred faces is painted blurred.",
        "darker": "Light that src was never seen in is guessed, and the face stands out of the shot.",
        "brighter": "Light that src was never seen in is guessed, and the face stands out of the shot.",
    }
    todos = {
        "few": "Find or film src in this direction and add the clip.",
        "blurred": "Add a sharper clip of src in this direction.",
        "darker": "Add a clip of src in such light, or let training borrow dst's light more often.",
        "brighter": "Add a clip of src in such light, or let training borrow dst's light more often.",
    }
    frames = max(1, len(np.unique(np.asarray(facts.dst.columns["frame"]))))
    for lack in facts.coverage.lacks[:_MOST_GAPS]:
        dark = lack.kind in ("darker", "brighter")
        share = lack.dst_frames / frames
        yield Advice(
            f"gap_{lack.kind}",
            (2 if lack.kind == "few" else 1) + min(1.0, share) * 0.9,
            lack.words,
            whys[lack.kind],
            todos[lack.kind],
            facts.train("--relight 1") if dark else facts.command("add", "--src CLIP"),
        )


def blurred_faces(facts: Facts) -> Iterator[Advice]:
    """Sort by blur and drop the end: the first advice of every manual."""
    sharpness = facts.src.known("sharpness")
    if not len(sharpness):
        return
    limit = _BLURRED * float(np.median(sharpness))
    blurred = np.asarray(facts.src.columns["sharpness"], float) < limit  # what is not known is NaN
    count = int(blurred.sum())
    if count >= max(_LEAST, _WORTH_IT * len(sharpness)):
        yield Advice(
            "blurred_faces",
            2,
            f"{counted(count, 'face')} of src's {len(sharpness)} have less than half of the usual sharpness "
            f"({np.median(sharpness):.2f}).",
            "A model averages over what it sees: blurred faces make the others blurred too.",
            "Look at them and reject those that no rare turn needs.",
            facts.reject(blurred, f"sharpness < {limit:.3f}"),
        )


def strangers(facts: Facts) -> Iterator[Advice]:
    """Somebody else among src's faces leaks into the likeness."""
    person = np.asarray(facts.src.columns["person"])
    count = int((person > 1).sum())
    if count:
        yield Advice(
            "strangers",
            3,
            f"{counted(count, 'face')} of src's {facts.src.count} are of a second person in their clip.",
            "src's likeness is the mean of all that counts as src.",
            "See who is who, and reject those who are not src.",
            facts.reject(person > 1, "person > 1"),
        )


def several_in_dst(facts: Facts) -> Iterator[Advice]:
    """dst's faceset is to hold the one who is recast."""
    several = np.asarray(facts.dst.columns["faces_in_frame"]) > 1
    if several.sum() >= max(_LEAST, _WORTH_IT * facts.dst.count):
        yield Advice(
            "several_in_dst",
            2,
            f"{int(several.sum())} of dst's {facts.dst.count} faces share their frame with another face.",
            "The model learns all of them as one performer, and a merge paints src over each.",
            "See who appears when, and reject those who keep their face.",
            facts.command("tracks"),
        )


def guessed_places(facts: Facts) -> Iterator[Advice]:
    """Faces that no detector found are places, not portraits."""
    filled = np.asarray(facts.src.columns["filled"]).astype(bool)
    if filled.sum() >= max(_LEAST, _WORTH_IT * facts.src.count):
        yield Advice(
            "guessed_places",
            1,
            f"{int(filled.sum())} of src's {facts.src.count} faces were placed by their neighbours in time.",
            "Where no detector found a face it is mostly hidden or blurred; as dst it must be there, as src it "
            "only teaches hands and hair.",
            "Reject them from src.",
            facts.reject(filled, "filled"),
        )


def one_sided_light(facts: Facts) -> Iterator[Advice]:
    """Light from a side that src never had turns the painted head."""
    src, dst = facts.src.known("light_side"), facts.dst.known("light_side")
    if not len(src) or not len(dst):
        return
    low, high = np.percentile(np.concatenate([src, -src]), [5, 95])  # src is shown mirrored, too
    here = float(np.median(dst))
    if max(low - here, here - high) > _LIGHT_GAP:
        side = "right" if here > 0 else "left"
        yield Advice(
            "one_sided_light",
            2,
            f"dst is lit from the picture's {side}: that side is {abs(here):.0%} brighter; src's faces reach "
            f"{max(abs(low), abs(high)):.0%}.",
            "A nose's shadow that src never had looks like a turn of the head to the model, so the painted "
            "head turns wrongly.",
            "Add src in such light, or more scenes of the same dst performer, and let training borrow dst's "
            "light.",
            facts.train("--relight 1"),
        )


def wider_face(facts: Facts) -> Iterator[Advice]:
    """A narrow src on a wide dst works better than the reverse."""
    src, dst = facts.src.width, facts.dst.width
    if src > dst * (1 + _WIDER):
        share = src / dst - 1
        percent = -min(15, max(3, round(50 * share)))
        yield Advice(
            "wider_face",
            1,
            f"src's face is {share:.0%} wider than dst's, for its height.",
            "A narrow face can be painted onto a wide head, but a wide one is cut off at the cheeks.",
            f"Make src's faces {-percent} % smaller while learning, or take a network that takes on dst's "
            "shape (liae).",
            facts.train(f"--src-scale {percent}"),
        )


def lopsided_counts(facts: Facts) -> Iterator[Advice]:
    """Networks that share everything may not converge where src has far more faces."""
    model, src, dst = facts.model, facts.src, facts.dst
    if model is None or not any(part in model.architecture for part in ("liae", "sae", "amp")):
        return
    if model.options.pose_pairing < 1 and dst.count and src.count > _COLLAPSE * dst.count:
        yield Advice(
            "lopsided_counts",
            1,
            f"src has {src.count} faces, dst {dst.count}: {src.count / dst.count:.1f} times as many.",
            f"With {model.architecture}, both performers share what codes faces; src's turns that dst never "
            "takes pull at it, and it may not come together.",
            "Draw src's faces by their likeness in pose to dst's.",
            facts.train("--pose-pairing 1"),
        )


def open_eyes(facts: Facts) -> Iterator[Advice]:
    """What a model is hardly shown it learns last: dst's blinks, where src hardly blinks."""
    if facts.model is None or facts.model.options.random_blink or facts.model.architecture in _OWN_WAYS:
        return
    src, dst = (_closed(side.known("eyes_open")) for side in (facts.src, facts.dst))
    if dst >= _LEAST and src / facts.src.count < _HARDLY * dst / facts.dst.count:
        yield Advice(
            "open_eyes",
            2,
            f"dst's eyes are closed in {dst} of {counted(facts.dst.count, 'face')}, src's in {src} of "
            f"{facts.src.count}.",
            "A model that hardly sees closed eyes of src leaves them open where dst blinks, for a long time.",
            "Let training close eyes, show rare expressions more often and ask the code for them.",
            facts.train("--random-blink 0.2 --rare-expressions 0.2 --expression-weight 0.1"),
        )


def _closed(eyes_open: npt.NDArray[np.float64]) -> int:
    """How many faces have their eyes closed: less than a part of how far they usually are open."""
    return int((eyes_open < _CLOSED * np.median(eyes_open)).sum()) if len(eyes_open) else 0
