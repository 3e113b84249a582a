"""Swaps are asked to move as dst does: heads that turn with it cost little, others much."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as nnf

from tests.networks.architectures.routes import depends_on
from tests.networks.small import DST_SKIN, SRC_SKIN, drawn_lesson, small
from tests.training.losses.drawn import EXACT, NOTHING, lesson_with, pictures
from understudy.actors.identity import DEMO_DST, DEMO_SRC
from understudy.actors.performance import State
from understudy.actors.render import render_frames
from understudy.faces.align import crop
from understudy.geometry import crop_from_frame, transform_points
from understudy.masks.hull import eyes_mask, mouth_mask
from understudy.networks.catalog import ARCHITECTURES
from understudy.networks.dense_face import load_dense_face
from understudy.training.feeding.augment import Lesson
from understudy.training.losses.expression import flat_code
from understudy.training.losses.following import (
    LOOKED_AT_PX,
    Seen,
    looked_at,
    movement_distance,
    seen_by,
    squares_about,
)
from understudy.training.losses.objective import Objective
from understudy.training.losses.terms import Terms

ASKED = NOTHING.changed(follow_weight=1, follow_after=0)
OF_EACH = pytest.mark.parametrize("name", sorted(set(ARCHITECTURES) - {"avatar", "recyclegan"}))  # own losses
SIDE = 64
STATES = (
    State(yaw_deg=-25.0),
    State(yaw_deg=20.0, jaw=0.7),
    State(pitch_deg=-12.0),
    State(yaw_deg=8.0, pitch_deg=10.0, blink_left=1.0, blink_right=1.0),
)


def surely(points_BK2: Tensor) -> Seen:
    """Points of which all faces are equally sure."""
    return Seen(points_BK2, torch.full((len(points_BK2),), 0.008))


def middle_square(count: int, side: float = 1.0) -> tuple[Tensor, Tensor]:
    return torch.full((count, 2), 0.5), torch.full((count,), side)


@pytest.fixture(scope="module")
def filmed() -> dict[str, tuple[Tensor, Tensor, Tensor]]:
    """Both of the demo's performers in the same four states: faces, and masks of eyes and mouth."""
    found = {}
    for name, who in (("src", DEMO_SRC), ("dst", DEMO_DST)):
        faces, eyes, mouths = [], [], []
        for shown in render_frames(who, STATES, size_px=160, processes=1):
            matrix = crop_from_frame(shown.landmarks_68, face_type="full", size_px=SIDE)
            points = transform_points(matrix, shown.landmarks_68)
            faces.append(crop(shown.rgb, matrix, SIDE))
            eyes.append(eyes_mask(points, SIDE, SIDE))
            mouths.append(mouth_mask(points, SIDE, SIDE))
        found[name] = (
            torch.from_numpy(np.stack(faces)).permute(0, 3, 1, 2).float() / 255,
            torch.from_numpy(np.stack(eyes)).float()[:, None],
            torch.from_numpy(np.stack(mouths)).float()[:, None],
        )
    return found


def test_a_square_of_the_whole_crop_shows_the_crop() -> None:
    faces = pictures(0, size=LOOKED_AT_PX)
    torch.testing.assert_close(looked_at(faces, middle_square(2)), faces, atol=1e-5, rtol=0)
    larger = pictures(1, size=2 * LOOKED_AT_PX)
    assert looked_at(larger, middle_square(2)).shape == (2, 3, LOOKED_AT_PX, LOOKED_AT_PX)
    assert float((looked_at(larger, middle_square(2)) - nnf.avg_pool2d(larger, 2)).abs().mean()) < 0.06


def test_what_lies_beyond_the_crop_repeats_its_rim() -> None:
    seen = looked_at(pictures(0, size=8), middle_square(2, side=3.0))
    assert torch.equal(seen[:, :, 0, 0], seen[:, :, 20, 20]) and torch.isfinite(seen).all()
    assert not torch.equal(seen[:, :, 48, 48], seen[:, :, 60, 60])


def test_squares_follow_the_face_and_empty_masks_have_one_too() -> None:
    eyes, mouth = torch.zeros(2, 2, 1, 64, 64)
    eyes[0, :, 20:24, 20:44] = 1
    mouth[0, :, 40:44, 26:38] = 1
    middle, side = squares_about(eyes, mouth)
    torch.testing.assert_close(middle[0], torch.tensor([0.5, 22 / 64 + 0.45 * 20 / 64]), atol=1e-3, rtol=0)
    assert float(side[0]) == pytest.approx(3.2 * 20 / 64, abs=2e-3)
    assert torch.isfinite(middle[1]).all() and float(side[1]) > 0


def test_points_are_seen_in_the_squares_of_real_faces(filmed: dict[str, tuple[Tensor, ...]]) -> None:
    network = load_dense_face().folded()
    faces, eyes, mouths = filmed["dst"]
    squares = squares_about(eyes, mouths)
    with torch.no_grad():
        points = seen_by(network, faces, squares).points_BK2
    in_crop = points * squares[1][:, None, None] + squares[0][:, None] - squares[1][:, None, None] / 2
    at = (torch.arange(SIDE) + 0.5) / SIDE
    mass = mouths[:, 0]
    mouth = torch.stack([(mass.sum(1) * at).sum(1), (mass.sum(2) * at).sum(1)], 1) / mass.sum((1, 2))[:, None]
    assert float((in_crop[:, 48:60].mean(1) - mouth).norm(dim=1).max()) < 0.04


def test_what_all_faces_share_is_nobodys_fault_and_one_that_moves_otherwise_costs() -> None:
    dst = torch.rand(4, 70, 2, generator=torch.Generator().manual_seed(0))
    proportions = 0.1 * torch.rand(1, 70, 2, generator=torch.Generator().manual_seed(1))
    assert float(movement_distance(surely(dst + proportions), surely(dst))) < 1e-6
    turned = dst.clone()
    turned[2] += 0.1
    assert float(movement_distance(surely(turned), surely(dst))) > 0.05


def test_faces_count_as_far_as_their_points_are_to_be_trusted_beside_dsts() -> None:
    dst = torch.rand(4, 70, 2, generator=torch.Generator().manual_seed(0))
    turned = dst.clone()
    turned[2] += 0.1
    sure = float(movement_distance(surely(turned), surely(dst)))
    not_yet = Seen(turned, torch.full((4,), 0.25))  # what the network says where there is no face
    assert float(movement_distance(not_yet, surely(dst))) < 0.002 * sure
    all_but_that = Seen(turned, torch.tensor([0.008, 0.008, 0.25, 0.008]))
    assert float(movement_distance(all_but_that, surely(dst))) < 0.01 * sure
    surer = Seen(turned, torch.full((4,), 0.004))
    assert float(movement_distance(surer, surely(dst))) == pytest.approx(sure)
    as_hard = (Seen(points, torch.full((4,), 0.03)) for points in (turned, dst))  # a profile, in both
    assert float(movement_distance(*as_hard)) == pytest.approx(sure)


def test_to_be_less_sure_is_no_way_to_cost_less() -> None:
    dst = torch.rand(4, 70, 2, generator=torch.Generator().manual_seed(0))
    turned, astray = dst.roll(1, 0).requires_grad_(), torch.full((4,), 0.02, requires_grad=True)
    movement_distance(Seen(turned, astray), surely(dst)).backward()
    assert turned.grad is not None and turned.grad.abs().sum() > 0 and astray.grad is None


def test_the_network_is_not_sure_of_what_is_no_face(filmed: dict[str, tuple[Tensor, Tensor, Tensor]]) -> None:
    network, (faces, eyes, mouth) = load_dense_face().folded(), filmed["dst"]
    squares = squares_about(eyes, mouth)
    with torch.no_grad():
        of_faces, of_grey = (seen_by(network, shown, squares) for shown in (faces, faces * 0 + 0.5))
    assert float((of_grey.astray_B / of_faces.astray_B).min()) > 8


def test_lids_and_lips_count_beside_where_they_lie() -> None:
    dst = torch.rand(2, 70, 2, generator=torch.Generator().manual_seed(0))
    shut, moved = dst.clone(), dst.clone()
    shut[0, [61, 62, 63], 1] += 0.05
    shut[0, [65, 66, 67], 1] -= 0.05
    moved[0, [61, 62, 63, 65, 66, 67], 1] += 0.05
    shut_cost, moved_cost = (float(movement_distance(surely(points), surely(dst))) for points in (shut, moved))
    assert shut_cost > 1.5 * moved_cost


def test_another_performer_who_moves_as_dst_does_costs_less_than_one_who_moves_otherwise(
    filmed: dict[str, tuple[Tensor, Tensor, Tensor]],
) -> None:
    network, (goal, eyes, mouth) = load_dense_face().folded(), filmed["dst"]
    squares = squares_about(eyes, mouth)
    with torch.no_grad():
        wanted, follows = (seen_by(network, faces, squares) for faces in (goal, filmed["src"][0]))
    otherwise = Seen(*(seen.roll(1, 0) for seen in follows))
    assert float(movement_distance(follows, wanted)) < 0.35 * float(movement_distance(otherwise, wanted))


def test_a_gradient_takes_a_picture_to_move_as_dst_does(
    filmed: dict[str, tuple[Tensor, Tensor, Tensor]],
) -> None:
    network, (goal, eyes, mouth) = load_dense_face().folded().requires_grad_(False), filmed["dst"]
    squares = squares_about(eyes, mouth)
    wanted = seen_by(network, goal, squares)
    painted = filmed["src"][0].roll(1, 0).clone().requires_grad_()
    start = movement_distance(seen_by(network, painted, squares), wanted)
    start.backward()
    assert painted.grad is not None and torch.isfinite(painted.grad).all()
    step = painted.detach() - 0.02 * painted.grad.sign()
    assert float(movement_distance(seen_by(network, step, squares), wanted)) < 0.9 * float(start.detach())


def asked(asker: Objective, src: Lesson, dst: Lesson) -> Terms:
    made = asker.model.reconstruct(src.seen_BCHW, dst.seen_BCHW, torch.Generator().manual_seed(0))
    return asker.ask(made, src, dst, ASKED, iteration=0)


@OF_EACH
def test_all_that_a_swaps_code_comes_from_is_asked_and_nothing_that_paints_it(name: str) -> None:
    asker = Objective(small(name), seed=0, compute=EXACT)
    src, dst = (drawn_lesson(asker.model, skin) for skin in (SRC_SKIN, DST_SKIN))
    of_code = depends_on(asker.model, flat_code(asker.model.swap_code(asker.model.encode(dst.seen_BCHW))))
    terms = asked(asker, src, dst)
    assert depends_on(asker.model, terms.src["following"]) == of_code and "following" not in terms.dst


def test_of_one_face_nothing_is_asked_and_that_is_said_once() -> None:
    asker = Objective(small("quick"), seed=0, compute=EXACT)
    for _ in range(2):
        lessons = [drawn_lesson(asker.model, skin, count=1) for skin in (SRC_SKIN, DST_SKIN)]
        assert float(asked(asker, *lessons).src["following"].detach()) == 0
    (notice,) = asker.take_notices()
    assert "two faces" in notice


def test_a_young_model_is_not_asked() -> None:
    asker = Objective(small("quick"), seed=0, compute=EXACT)
    src, dst = (drawn_lesson(asker.model, skin) for skin in (SRC_SKIN, DST_SKIN))
    made, options = (
        asker.model.reconstruct(src.seen_BCHW, dst.seen_BCHW),
        ASKED.changed(follow_after=50, color_weight=1),
    )
    early, later = (asker.ask(made, src, dst, options, iteration=number).src for number in (49, 50))
    assert "following" not in early and "following" in later


def test_as_many_swaps_are_asked_as_are_said() -> None:
    asker = Objective(small("quick"), seed=0, compute=EXACT)
    src, dst = (drawn_lesson(asker.model, skin) for skin in (SRC_SKIN, DST_SKIN))
    made = asker.model.reconstruct(src.seen_BCHW, dst.seen_BCHW)
    unseen = replace(dst, goal_BCHW=torch.cat([dst.goal_BCHW[:3], dst.goal_BCHW[:1]]))
    for count, differs in ((3, False), (4, True)):
        options = ASKED.changed(follow_faces=count)
        one, other = (
            asker.ask(made, src, told, options, iteration=0).src["following"].detach() for told in (dst, unseen)
        )
        assert (float(one) != float(other)) is differs


def test_the_network_that_looks_learns_nothing() -> None:
    asker = Objective(small("quick"), seed=0, compute=EXACT)
    src, dst = (drawn_lesson(asker.model, skin) for skin in (SRC_SKIN, DST_SKIN))
    asked(asker, src, dst).src["following"].backward()
    assert all(p.grad is None for p in asker.judges.dense.parameters())
    assert asker.critics() == [] and asker.tensors() == {}


def test_black_faces_give_numbers() -> None:
    lesson = lesson_with(torch.zeros(2, 3, 32, 32))
    squares = squares_about(torch.zeros(2, 1, 32, 32), torch.zeros(2, 1, 32, 32))
    seen = seen_by(load_dense_face().folded(), lesson.goal_BCHW, squares)
    assert torch.isfinite(seen.points_BK2).all() and torch.isfinite(seen.astray_B).all()
    assert torch.isfinite(movement_distance(seen, seen))
