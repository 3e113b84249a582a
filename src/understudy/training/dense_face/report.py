"""How good the network is on rendered people it never saw, as figures (JSON) and as a page (Markdown).

Errors are shares of the 3-D outer-eye distance in the picture. Rendered samples don't tell that distance, so it
is taken as a share of the reading crop's side, measured on the samples that look into the lens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from understudy.files import write_json, write_text
from understudy.networks.dense_face import CROP_PX, DenseFaceNet
from understudy.training.dense_face.camera import Camera
from understudy.training.dense_face.dice import Dice
from understudy.training.dense_face.lessons import Lesson, clean_lessons, lesson
from understudy.training.dense_face.stock import Stock

REPORT_NAME = "report.json"
YAWS = ((0, 15), (15, 30), (30, 45), (45, 60), (60, 75), (75, 91))
_THIRDS = (("low", 0.0, 1 / 3), ("middle", 1 / 3, 2 / 3), ("high", 2 / 3, 1.01))
_AT_ONCE = 64
_OUTER_EYES = (36, 45)
_FALLBACK_EYES_SHARE = 0.33
_SEED = 1


@torch.inference_mode()
def measured(network: DenseFaceNet, stock: Stock, *, most: int = 1000) -> dict[str, Any]:
    """Figures of a network on a stock's first `most` samples: clean and exactly cropped, and as in training."""
    network.eval()
    count = min(most, len(stock))
    eyes = eyes_share(stock)
    errors, ious = _clean(network, stock, count, eyes)
    labels = stock.labels[:count]
    worn, auc = _worn(network, stock, count, eyes)
    return {
        "samples": count,
        "outer_eyes_share_of_crop": eyes,
        "error_percent": _percent(errors),
        "inner_error_percent": _percent(errors[:, 17:]),
        "jaw_error_percent": _percent(errors[:, :17]),
        "mask_iou": float(np.mean(ious)),
        "worn_error_percent": worn,
        "score_auc": auc,
        "error_percent_by_yaw": {
            f"{low}-{min(high, 90)}": _of_group(errors, [low <= abs(one["yaw_deg"]) < high for one in labels])
            for low, high in YAWS
        },
        **{f"error_percent_by_{name}": _by_third(errors, labels, name) for name in ("tone", "age")},
        "error_percent_by_look": {
            look: _of_group(errors, [one["look"] == look for one in labels])
            for look in sorted({one["look"] for one in labels})
        },
    }


def eyes_share(stock: Stock) -> float:
    """Outer-eye distance as a share of the reading crop's side, of those who look into the lens."""
    frontal = [
        k for k, one in enumerate(stock.labels) if abs(one["yaw_deg"]) < 12 and abs(one["pitch_deg"]) < 15
    ]
    if not frontal:
        return _FALLBACK_EYES_SHARE
    points = stock.points_NK2[frontal].cpu()
    apart = (points[:, _OUTER_EYES[0]] - points[:, _OUTER_EYES[1]]).norm(dim=1)
    return float((apart / stock.crops_N4[frontal, 2].cpu()).median())


def _clean(network: DenseFaceNet, stock: Stock, count: int, eyes: float) -> tuple[np.ndarray, list[float]]:
    """Errors (count, 70) in shares of the outer eyes, the jaw's from the true line; the IoU of each mask."""
    errors: list[np.ndarray] = []
    ious: list[float] = []
    device = stock.pictures_N5SS.device
    for start in range(0, count, _AT_ONCE):
        index = torch.arange(start, min(start + _AT_ONCE, count), device=device)
        shown = clean_lessons(stock, index, Dice(_SEED + start, device))
        out = network(_channels_last(shown))
        errors.append(_errors(out.points_BK2, shown.points_BK2).cpu().numpy() / eyes)
        mask, truth = out.mask_logits_B1HW > 0, shown.mask_B1HW > 0.5
        both, either = (mask & truth).sum((1, 2, 3)), (mask | truth).sum((1, 2, 3))
        ious += ((both + 1) / (either + 1)).tolist()
    return np.concatenate(errors), ious


def _worn(network: DenseFaceNet, stock: Stock, count: int, eyes: float) -> tuple[float, float]:
    """Error in per cent on lessons with all their damage, and how well the score tells faces (AUC)."""
    device = stock.pictures_N5SS.device
    camera, dice = Camera(CROP_PX, device), Dice(_SEED, device)
    total = weight = 0.0
    scores: list[Tensor] = []
    truths: list[Tensor] = []
    for _ in range(-(-count // _AT_ONCE)):
        shown = lesson(stock, _AT_ONCE, dice, camera)
        out = network(_channels_last(shown))
        weights = shown.point_weights_BK
        total += float((_errors(out.points_BK2, shown.points_BK2) * weights).sum())
        weight += float(weights.sum())
        sure = shown.score_weights_B > 0
        scores.append(out.score_logit_B[sure].cpu())
        truths.append(shown.score_B[sure].cpu())
    return 100 * total / max(weight, 1) / eyes, area_under_curve(torch.cat(scores), torch.cat(truths))


def area_under_curve(scores: Tensor, truths: Tensor) -> float:
    """The chance that a face scores above what is none; equal scores count half. 0.5 where one kind lacks."""
    faces, others = scores[truths > 0.5].double(), scores[truths <= 0.5].double()
    if not len(faces) or not len(others):
        return 0.5
    difference = faces[:, None] - others
    return float(((difference > 0).double() + 0.5 * (difference == 0).double()).mean())


def _channels_last(shown: Lesson) -> Tensor:
    return shown.crops_B3HW.contiguous(memory_format=torch.channels_last)


def _errors(points_BK2: Tensor, truth_BK2: Tensor) -> Tensor:
    away = (points_BK2 - truth_BK2).norm(dim=2)
    jaw = distances_to_line(points_BK2[:, :17], truth_BK2[:, :17])
    return torch.cat([torch.minimum(jaw, away[:, :17]), away[:, 17:]], 1)


def distances_to_line(points_BK2: Tensor, line_BN2: Tensor) -> Tensor:
    """From each point to the nearest place on an open line through N points, (B, K)."""
    start, step = line_BN2[:, None, :-1], (line_BN2[:, 1:] - line_BN2[:, :-1])[:, None]
    from_start = points_BK2[:, :, None] - start
    along = (from_start * step).sum(3) / step.square().sum(3).clamp(min=1e-12)
    return (from_start - along.clamp(0, 1)[..., None] * step).norm(dim=3).amin(2)


def _percent(errors: np.ndarray) -> float:
    return float(100 * errors.mean())


def _of_group(errors: np.ndarray, chosen: Sequence[bool]) -> dict[str, float | int | None]:
    inside = errors[np.asarray(chosen, bool)]
    return {"samples": len(inside), "error_percent": _percent(inside) if len(inside) else None}


def _by_third(errors: np.ndarray, labels: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    return {
        third: _of_group(errors, [low <= one[name] < high for one in labels]) for third, low, high in _THIRDS
    }


def write_report(folder: Path, figures: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    """`report.json` and `report.md` in `folder`."""
    write_json(folder / REPORT_NAME, {"run": dict(run), "figures": dict(figures)})
    write_text(folder / "report.md", as_markdown(figures, run))


def as_markdown(figures: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """The page that says how the network was trained and how good it is."""
    lines = ["# Report of a training of our own face network", "", "| training | |", "|---|---|"]
    lines += [f"| {name.replace('_', ' ')} | {_said(value)} |" for name, value in run.items()]
    lines += ["", "Errors in per cent of the outer-eye distance.", "", "| people never seen | |", "|---|---|"]
    flat = {name: value for name, value in figures.items() if not isinstance(value, Mapping)}
    lines += [f"| {name.replace('_', ' ')} | {_said(value)} |" for name, value in flat.items()]
    for name, groups in figures.items():
        if isinstance(groups, Mapping):
            lines += ["", f"| {name.replace('_', ' ')} | samples | error |", "|---|---|---|"]
            lines += [
                f"| {group} | {of['samples']} | {_said(of['error_percent'])} |" for group, of in groups.items()
            ]
    return "\n".join(lines) + "\n"


def _said(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value)
