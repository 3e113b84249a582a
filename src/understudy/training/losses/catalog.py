"""Every loss there is, one entry a line: what it asks, how much it counts, when it is asked at all.

A loss of weight 0 is never computed. Not here: how each is computed (a file of its own beside this one).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as nnf

from understudy.training.losses import adversarial, true_face
from understudy.training.losses.case import Case, Scene, first_of, held, towards
from understudy.training.losses.differences import DIFFERENCES, l1
from understudy.training.losses.expression import expression_distance, flat_code
from understudy.training.losses.features import feature_distance
from understudy.training.losses.following import movement_distance, seen_by, squares_about
from understudy.training.losses.frequency import focal_frequency
from understudy.training.losses.gradient import gradient_difference
from understudy.training.losses.identity import identity_distance
from understudy.training.losses.options import LossOptions
from understudy.training.losses.structure import STRUCTURES
from understudy.training.losses.style import background_style, face_style


def _everywhere(case: Case, scene: Scene) -> bool:
    return True


def _src_alone(case: Case, scene: Scene) -> bool:
    return case.side == "src"


def _once_it_is_a_face(case: Case, scene: Scene) -> bool:
    return case.side == "src" and case.options.asks_following(scene.iteration)


def _dst_alone(case: Case, scene: Scene) -> bool:
    return case.side == "dst"


def _smaller_outputs(case: Case, scene: Scene) -> bool:
    return bool(case.painted.smaller_BCHW)


def _critics_side(case: Case, scene: Scene) -> bool:
    return case.side == "src" or case.options.gan_sides == "both"


def _now_and_then(case: Case, scene: Scene) -> bool:
    return scene.iteration % case.options.feature_every == 0


@dataclass(frozen=True)
class Loss:
    """`ask` gives what one side's faces cost, a scalar; it counts `weight` times, where `applies` says so."""

    weight: Callable[[LossOptions], float]
    ask: Callable[[Case, Scene], Tensor]
    applies: Callable[[Case, Scene], bool] = _everywhere


def color(case: Case, scene: Scene) -> Tensor:
    """Difference of colours inside the face's area, and a little outside."""
    difference, weight = DIFFERENCES[case.options.color], case.options.background_weight
    if difference is l1:  # in one go
        return (case.distance * (case.area + weight)).mean()
    inside = difference(case.inside - case.goal_inside)
    return inside + weight * difference(case.faces - case.goal) if weight else inside


def structure(case: Case, scene: Scene) -> Tensor:
    """Difference of structure inside the face's area."""
    return STRUCTURES[case.options.structure](case.inside, case.goal_inside)


def background_structure(case: Case, scene: Scene) -> Tensor:
    """Difference of structure of the whole pictures."""
    return STRUCTURES[case.options.structure](case.faces, case.goal)


def eyes(case: Case, scene: Scene) -> Tensor:
    """Absolute difference on the eyes."""
    return (case.distance * case.lesson.eyes_B1HW).mean()


def mouth(case: Case, scene: Scene) -> Tensor:
    """Absolute difference on the mouth."""
    return (case.distance * case.lesson.mouth_B1HW).mean()


def expression(case: Case, scene: Scene) -> Tensor:
    """How far the code is from telling how far eyes and mouth are open: the one that a swap is painted from,
    since a network that is to tell it may tell it where only its training looks."""
    features = scene.made.features_src if case.side == "src" else scene.made.features_dst
    with scene.compute.autocast():
        code = flat_code(scene.model.swap_code(features))  # type: ignore[arg-type]
    openings = case.lesson.openings_B2
    assert openings is not None
    return expression_distance(code, openings, scene.judges.directions(code.shape[1]))


def mask(case: Case, scene: Scene) -> Tensor:
    """Squared difference of the painted mask."""
    return nnf.mse_loss(case.painted.masks_B1HW.float(), case.lesson.mask_B1HW)


def smaller(case: Case, scene: Scene) -> Tensor:
    """Colour and structure of the smaller pictures that a decoder of several scales paints on its way."""
    options, cost = case.options, case.area.new_zeros(())
    for faces in case.painted.smaller_BCHW:
        size = (faces.shape[-2], faces.shape[-1])
        area, goal = (nnf.adaptive_avg_pool2d(whole, size) for whole in (case.area, case.goal))
        painted, goal = faces.float() * area, goal * area
        if options.color_weight:
            cost = cost + options.color_weight * DIFFERENCES[options.color](painted - goal)
        if options.structure_weight:
            cost = cost + options.structure_weight * STRUCTURES[options.structure](painted, goal)
    return cost


def gradient(case: Case, scene: Scene) -> Tensor:
    """Difference of edges inside the face's area."""
    return gradient_difference(case.inside, case.goal_inside)


def frequency(case: Case, scene: Scene) -> Tensor:
    """Difference of spectra inside the face's area."""
    return focal_frequency(case.inside, case.goal_inside)


def features(case: Case, scene: Scene) -> Tensor:
    """Difference that fixed random filters see inside the face's area."""
    pictures = (case.inside, case.goal_inside)
    with scene.compute.autocast():
        seen = [scene.judges.features(faces) for faces in pictures]
    return feature_distance(*seen)


def style_of_face(case: Case, scene: Scene) -> Tensor:
    """How far the swap's colours are from dst's inside the face."""
    return face_style(scene.swap, scene.made.dst)


def style_of_background(case: Case, scene: Scene) -> Tensor:
    """How far the swap's surroundings are from dst's."""
    return background_style(scene.swap, scene.made.dst, scene.dst.goal)


def truth(case: Case, scene: Scene) -> Tensor:
    """How well src's codes can be told from dst's."""
    true_face.require_one_inter(scene.model)
    code = true_face.one_map(scene.made.code_src)
    return true_face.asked(scene.judges.true_face(code), code)


def gan(case: Case, scene: Scene) -> Tensor:
    """How well painted faces can be told from real ones."""
    critic = scene.judges.gan(case.options, scene.model.size_px)
    return adversarial.asked(critic, case.inside)


def gan_outside(case: Case, scene: Scene) -> Tensor:
    """What keeps the surroundings sane where the critic looks at the face alone."""
    return adversarial.outside(case.faces, case.goal, case.area)


def dst_background(case: Case, scene: Scene) -> Tensor:
    """Squared difference of dst's surroundings and a trace of total variation, as AMP is asked."""
    rest = 1 - case.area
    outside = nnf.mse_loss(case.faces * rest, case.goal * rest)
    return outside + 1e-5 * adversarial.total_variation(case.faces)


def identity(case: Case, scene: Scene) -> Tensor:
    """How far the swap is from src to an embedder."""
    pictures = (scene.swap.faces_BCHW, case.goal)
    with scene.compute.autocast():
        return identity_distance(scene.judges.embedder(case.options), *pictures)


def following(case: Case, scene: Scene) -> Tensor:
    """How differently the swap's points move from face to face than dst's do. Only what makes its code is
    asked: what paints it would learn to please the network that looks (docs/log.md, 2026-11-28, "Only the
    code is asked")."""
    dst, count = scene.dst.lesson, case.options.follow_faces
    if min(count, len(dst.goal_BCHW)) < 2:
        scene.judges.note_once("Whether swaps follow dst is not asked: that needs two faces in a batch.")
        return case.area.new_zeros(())
    squares = squares_about(dst.eyes_B1HW[:count], dst.mouth_B1HW[:count])
    with scene.compute.autocast():
        code = scene.model.swap_code(first_of(scene.made.features_dst, count))  # type: ignore[arg-type]
        parts: list[tuple[Tensor, Tensor]] = []
        swap = scene.model.decode(held(code, parts), "src").faces_BCHW.float()  # type: ignore[arg-type]
        with torch.no_grad():
            wanted = seen_by(scene.judges.dense, dst.goal_BCHW[:count], squares)
        found = seen_by(scene.judges.dense, swap, squares)
    return towards(parts, movement_distance(found, wanted))


def _outside_weight(options: LossOptions) -> float:
    return float(bool(options.gan_power) and options.masked_training)


LOSSES: dict[str, Loss] = {
    "color": Loss(lambda options: options.color_weight, color),
    "structure": Loss(lambda options: options.structure_weight, structure),
    "background": Loss(lambda o: o.background_structure * o.structure_weight, background_structure),
    "eyes": Loss(lambda options: options.eyes_weight, eyes),
    "mouth": Loss(lambda options: options.mouth_weight, mouth),
    "expression": Loss(lambda options: options.expression_weight, expression),
    "mask": Loss(lambda options: options.mask_weight, mask),
    "smaller": Loss(lambda options: options.smaller_weight, smaller, _smaller_outputs),
    "gradient": Loss(lambda options: options.gradient_weight, gradient),
    "frequency": Loss(lambda options: options.frequency_weight, frequency),
    "features": Loss(lambda o: o.feature_weight * o.feature_every, features, _now_and_then),
    "face_style": Loss(lambda options: 100 * options.face_style_power, style_of_face, _src_alone),
    "bg_style": Loss(lambda options: options.bg_style_power / 10, style_of_background, _src_alone),
    "true_face": Loss(lambda options: options.true_face_power, truth, _src_alone),
    "gan": Loss(lambda options: options.gan_power, gan, _critics_side),
    "gan_outside": Loss(_outside_weight, gan_outside, _critics_side),
    "dst_background": Loss(lambda options: options.dst_background_weight, dst_background, _dst_alone),
    "following": Loss(lambda options: options.follow_weight, following, _once_it_is_a_face),
    "identity": Loss(lambda options: options.identity_weight, identity, _src_alone),
}
