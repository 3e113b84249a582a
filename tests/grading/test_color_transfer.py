"""Every transfer agrees with a slow one, takes its statistics inside the masks, and repeats."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from understudy import color
from understudy.grading import color_transfer
from understudy.grading.color_transfer import TRANSFERS, Colors, matched, recolored

SIZE = 24


def faces(seed: int, count: int = 3) -> tuple[Tensor, Tensor]:
    """Pictures of coloured noise about a colour of their own, and masks of half of each."""
    generator = Generator().manual_seed(seed)
    mean = torch.rand(count, 3, 1, 1, generator=generator) * 0.4 + 0.3
    mixing = torch.randn(count, 3, 3, generator=generator) * 0.05
    noise = torch.randn(count, 3, SIZE * SIZE, generator=generator)
    pictures = (mean + (mixing @ noise).view(count, 3, SIZE, SIZE)).clamp(0, 1)
    masks = torch.zeros(count, 1, SIZE, SIZE)
    masks[:, :, : SIZE // 2] = 1
    return pictures, masks


def change(mode: str, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    (ours, mask), (theirs, their_mask) = faces(1), faces(2)
    made = recolored(ours, mask, theirs, their_mask, mode=mode, generator=Generator().manual_seed(seed))
    return ours, theirs, made


def slowly(
    ours: np.ndarray, theirs: np.ndarray, move: Callable[[np.ndarray, np.ndarray], object]
) -> np.ndarray:
    """One picture (3, S, S) changed by what `move` makes of the pixels inside (n, 3) and of all pixels."""
    inside, like = (p[:, : SIZE // 2].reshape(3, -1).T.astype(float) for p in (ours, theirs))
    everything = ours.reshape(3, -1).T.astype(float)
    changed = move(inside, like)(everything)
    return np.clip(changed.T.reshape(ours.shape), 0, 1)


def slow_rct(inside: np.ndarray, like: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    a, b = color.lab_from_rgb(inside), color.lab_from_rgb(like)

    def move(pixels: np.ndarray) -> np.ndarray:
        lab = (color.lab_from_rgb(pixels) - a.mean(0)) * b.std(0) / a.std(0) + b.mean(0)
        return color.rgb_from_lab(np.clip(lab, [0, -127, -127], [100, 127, 127]))

    return move


def root(matrix: np.ndarray) -> np.ndarray:
    values, axes = np.linalg.eigh(matrix)
    return axes @ np.diag(np.sqrt(values)) @ axes.T


def slow_linear(kind: str) -> Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], np.ndarray]]:
    def fitted(inside: np.ndarray, like: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        a, b = (np.cov(p.T, bias=True) + 1e-5 * np.eye(3) for p in (inside, like))
        if kind == "lct":
            matrix = root(b) @ np.linalg.inv(root(a))
        else:
            undone = np.linalg.inv(root(a))
            matrix = undone @ root(root(a) @ b @ root(a)) @ undone
        return lambda pixels: (pixels - inside.mean(0)) @ matrix.T + like.mean(0)

    return fitted


@pytest.mark.parametrize(
    ("mode", "slow"), [("rct", slow_rct), ("lct", slow_linear("lct")), ("mkl", slow_linear("mkl"))]
)
def test_a_batch_is_changed_as_each_picture_is_alone_and_slowly(mode: str, slow: Callable) -> None:
    ours, theirs, made = change(mode)
    for number in range(len(ours)):
        expected = slowly(ours[number].numpy(), theirs[number].numpy(), slow)
        np.testing.assert_allclose(made[number], expected, atol=3e-3)


def slow_matched(values: np.ndarray, like: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    low, high = min(values.min(), like.min()), max(values.max(), like.max())
    counts, edges = np.histogram(values, 256, (low, high))
    like_counts, _ = np.histogram(like, 256, (low, high))
    shares, like_shares = (np.concatenate([[0], np.cumsum(c)]) / c.sum() for c in (counts, like_counts))
    goals = np.interp(shares, like_shares + np.arange(257) * 1e-12, edges)
    return lambda v: np.interp(v, edges, goals)


@pytest.mark.parametrize(("mode", "steps", "directions"), [("idt", 20, 3), ("sot", 10, 5)])
def test_distributions_are_moved_as_slowly_one_by_one(
    mode: str, steps: int, directions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(color_transfer, "_SOT_REACH_SHARE", 1e-6)  # smoothing has its own claim
    ours, theirs, made = change(mode, seed=5)
    draws = Generator().manual_seed(5)
    inside = slice(0, SIZE * SIZE // 2)
    now = ours.flatten(2).mT.double().numpy().copy()
    like = theirs.flatten(2).mT.double().numpy()[:, inside]
    for _ in range(steps):
        drawn = torch.randn(len(ours), directions, 3, generator=draws)
        axes = torch.linalg.qr(drawn).Q if mode == "idt" else drawn / drawn.norm(dim=2, keepdim=True)
        for number, turned in enumerate(axes.double().numpy()):
            step = np.zeros_like(now[number])
            for axis in turned:
                along = now[number] @ axis
                goal = slow_matched(along[inside], like[number] @ axis)(along)
                step += np.outer(goal - along, axis)
            now[number] += step / (steps if mode == "idt" else directions)
    expected = now.transpose(0, 2, 1).reshape(ours.shape).clip(0, 1)
    assert np.abs(made.numpy() - expected).mean() < 2e-3


@pytest.mark.parametrize("mode", TRANSFERS)
def test_the_colours_inside_become_those_of_the_other_face(mode: str) -> None:
    ours, theirs, made = change(mode)
    top = slice(0, SIZE // 2)

    def away(a: Tensor) -> float:
        return float((a[:, :, top].mean((2, 3)) - theirs[:, :, top].mean((2, 3))).abs().mean())

    assert away(made) < (0.6 if mode == "idt" else 0.1) * away(ours)  # idt goes two thirds of the way
    assert made.min() >= 0 and made.max() <= 1


@pytest.mark.parametrize("mode", TRANSFERS)
def test_what_lies_outside_the_masks_has_no_say(mode: str) -> None:
    (ours, mask), (theirs, their_mask) = faces(1), faces(2)
    how = {"mode": mode}
    before = recolored(ours, mask, theirs, their_mask, generator=Generator().manual_seed(0), **how)
    loud = torch.where(their_mask > 0, theirs, torch.ones_like(theirs))
    after = recolored(ours, mask, loud, their_mask, generator=Generator().manual_seed(0), **how)
    torch.testing.assert_close(before, after, atol=1e-5, rtol=0)


@pytest.mark.parametrize("mode", TRANSFERS)
def test_the_same_draws_repeat_a_transfer_and_an_empty_mask_changes_nothing(mode: str) -> None:
    assert torch.equal(change(mode)[2], change(mode)[2])
    ours, mask = faces(1)
    made = recolored(ours, mask * 0, *faces(2), mode=mode, generator=Generator().manual_seed(0))
    assert torch.equal(made, ours)


def test_sot_keeps_detail_finer_than_its_smoothing() -> None:
    ours, _, made = change("sot")
    change_of_it = made - ours
    assert change_of_it.diff(dim=-1).abs().mean() < 0.2 * ours.diff(dim=-1).abs().mean()


def test_values_that_are_matched_take_on_the_other_histogram() -> None:
    generator = Generator().manual_seed(0)
    values, like = torch.randn(2, 1, 4000, generator=generator), torch.rand(2, 1, 3000, generator=generator) * 3
    inside = [torch.ones(2, n) for n in (4000, 3000)]
    made = matched(values, inside[0], like, inside[1])
    shares = torch.linspace(0.05, 0.95, 9)
    torch.testing.assert_close(made.quantile(shares, dim=2), like.quantile(shares, dim=2), atol=0.05, rtol=0)
    flat = matched(
        torch.full((1, 1, 50), 0.5), torch.ones(1, 50), torch.full((1, 1, 50), 0.5), torch.ones(1, 50)
    )
    torch.testing.assert_close(flat, torch.full((1, 1, 50), 0.5), atol=1e-4, rtol=0)


def test_statistics_count_the_pixels_inside() -> None:
    pictures, masks = faces(3)
    colors = Colors.of(pictures, masks)
    inside = pictures[:, :, : SIZE // 2].flatten(2)
    torch.testing.assert_close(colors.mean(), inside.mean(2))
    for number, pixels in enumerate(inside):
        torch.testing.assert_close(colors.covariance()[number], pixels.cov(correction=0))
