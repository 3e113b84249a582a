"""A batch of lessons from the stock: crops as the network will meet them, and what is true about each.

Everything from the choice of samples to eight-bit crops happens on the device. `clean_lessons` are the samples
as they are, each before a room of its own, for measuring.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from understudy.networks.dense_face import CROP_PX
from understudy.training.dense_face.camera import Camera
from understudy.training.dense_face.dice import Dice, per_picture
from understudy.training.dense_face.lighting import graded, relit
from understudy.training.dense_face.props import Props
from understudy.training.dense_face.rooms import cards, rooms, strands
from understudy.training.dense_face.stock import Stock
from understudy.training.dense_face.windows import Windows, empty_windows, exact_windows, varied_windows

EMPTY_SHARE = 1 / 8  # of a batch shows no face
_NOTHING_SHARE = 1 / 3  # of these shows nobody at all
_LEAST_SEEN, _SURELY_SEEN = 0.12, 0.35  # of a face's skin: below it is none, above it is one
_FRAME_MARGIN = 0.1  # further outside the crop points are asked for less
# Which rows of a batch, in shares, have something before their faces; some have two things.
_COVERED = {(0.0, 0.22): "cards", (0.14, 0.45): "props", (0.4, 0.52): "strands"}


@dataclass(frozen=True, eq=False)
class Lesson:
    """B crops and their truth. Positions are shares of the crop."""

    crops_B3HW: Tensor  # 0..1
    points_BK2: Tensor
    point_weights_BK: Tensor
    mask_B1HW: Tensor  # 0..1
    mask_weights_B: Tensor
    score_B: Tensor  # 0 or 1
    score_weights_B: Tensor


def lesson(stock: Stock, count: int, dice: Dice, camera: Camera, props: Props | None = None) -> Lesson:
    """`count` lessons, an eighth of which show no face. `props` are put behind people and before faces.

    What the camera is told to do without, the lessons do without, too.
    """
    without = camera.without
    index = dice.whole(count, below=len(stock))
    # Which rows of a batch come first says nothing, so that fixed rows can stand for chance from here on.
    place = torch.randperm(count, generator=dice.generator, device=dice.device)
    empty = round(count * EMPTY_SHARE)
    face, nobody = place >= empty, place < round(empty * _NOTHING_SHARE)
    crops = stock.crops_N4[index]
    windows = _either(face, varied_windows(crops, dice, without), empty_windows(crops, dice))
    layers = windows.cut(stock.pictures_N5SS[index])
    somebody = per_picture(~nobody)
    people, alpha, skin = layers[:, :3], layers[:, 3:4] * somebody, layers[:, 4:] * somebody
    scene, seen = _staged(people, alpha, skin, dice, None if "props" in without else props, without)
    share = seen.mean((1, 2, 3)) / skin.mean((1, 2, 3)).clamp(min=1e-4)
    score = face & (share > (_LEAST_SEEN + _SURELY_SEEN) / 2)
    sure = ~face | (share < _LEAST_SEEN) | (share > _SURELY_SEEN)
    points = windows.to_shares(stock.points_NK2[index])
    near = ((points > -_FRAME_MARGIN) & (points < 1 + _FRAME_MARGIN)).all(2)
    weights = torch.where(near, 1.0, 0.2) * (face & (share > _LEAST_SEEN))[:, None]
    truth = (points, weights, seen, (face | nobody).float(), score.float(), sure.float())
    # Another order, so that what hides a face does not always meet the same damage.
    order = torch.randperm(count, generator=dice.generator, device=dice.device)
    scene = scene if "grade" in without else graded(scene, dice)
    return Lesson(camera.taken(scene[order], dice), *(values[order] for values in truth))


def clean_lessons(stock: Stock, index: Tensor, dice: Dice) -> Lesson:
    """The samples of these numbers in their exact crops before drawn rooms, undamaged."""
    windows = exact_windows(stock.crops_N4[index])
    layers = windows.cut(stock.pictures_N5SS[index])
    people, alpha, skin = layers[:, :3], layers[:, 3:4], layers[:, 4:]
    scene = people * alpha + rooms(len(index), CROP_PX, dice) * (1 - alpha)
    points = windows.to_shares(stock.points_NK2[index])
    ones = torch.ones(len(index), device=index.device)
    return Lesson(scene, points, torch.ones_like(points[..., 0]), skin, ones, ones, ones)


def _staged(
    people: Tensor, alpha: Tensor, skin: Tensor, dice: Dice, props: Props | None, without: frozenset[str]
) -> tuple[Tensor, Tensor]:
    """People relit before a room with things before them; the scene and the skin that is still seen."""
    count, size = len(people), people.shape[-1]
    people = people if "relight" in without else relit(people, dice)
    scene = people * alpha + _behind(people, alpha, dice, props) * (1 - alpha)
    near = (people * skin).sum((2, 3)) / skin.sum((2, 3)).clamp(min=1)
    seen = skin.clone()
    for rows, kind in () if "covers" in without else _COVERED.items():
        part = slice(round(rows[0] * count), round(rows[1] * count))
        if not len(near[part]):
            continue
        if kind == "strands":
            color, cover = strands(len(near[part]), size, dice)
        elif kind == "props" and props is not None:
            color, cover = props.cards(len(near[part]), size, dice)
        else:
            color, cover = cards(near[part], size, dice)
        scene[part] = scene[part] * (1 - cover) + color * cover
        seen[part] = seen[part] * (1 - cover)
    return scene, seen


def _behind(people: Tensor, alpha: Tensor, dice: Dice, props: Props | None) -> Tensor:
    """Rooms, drawn here or before; in one of seven somebody else stands beside or lies behind."""
    count, size = len(people), people.shape[-1]
    if props is None:
        room = rooms(count, size, dice)
    else:
        here, before = round(0.3 * count), round(0.45 * count)
        # A part of them is what detectors mistake for faces, for those that nobody stands before.
        kinds = [rooms(here, size, dice), props.rooms(before, size, dice)]
        kinds.append(props.no_faces(count - here - before, size, dice))
        room = torch.cat(kinds)[torch.randperm(count, generator=dice.generator, device=dice.device)]
    aside = torch.roll(torch.cat([people, alpha], 1).roll(1, 0), size // 2, 3)
    behind = torch.where(per_picture(dice.chance(count, share=0.5)), aside, aside.flip(2))
    cover = behind[:, 3:] * per_picture(dice.chance(count, share=1 / 7).float())
    return room * (1 - cover) + behind[:, :3] * cover


def _either(first: Tensor, one: Windows, other: Windows) -> Windows:
    """The windows of `one` where `first` (B,) holds, those of `other` elsewhere."""
    return Windows(
        torch.where(first.view(-1, 1, 1), one.linear_B22, other.linear_B22),
        torch.where(first[:, None], one.centre_B2, other.centre_B2),
        torch.where(first, one.mirrored_B, other.mirrored_B),
    )
