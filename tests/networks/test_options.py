"""Every option of every architecture changes the network. Those of `custom` are asked in its own folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch

from tests.networks.small import SMALL, small
from understudy.networks.catalog import ARCHITECTURES, build
from understudy.networks.face_model import FaceModel, parameter_count
from understudy.options import describe

ASKED_ELSEWHERE = {"custom"}  # architectures/custom/test_build.py
CLASSIC: Mapping[str, Any] = {"size_px": 48, "width_share": 0.08}

# One other value for every option than that of the small settings, or than its default.
OTHER: Mapping[str, Mapping[str, Any]] = {
    "quick": {"size_px": 48, "width": 12, "code": 24},
    "h64": {**CLASSIC, "light": True},
    "h128": {**CLASSIC, "light": True},
    "df": CLASSIC,
    "liaef128": CLASSIC,
    "miaef128": CLASSIC,
    "sae": {
        "size_px": 48,
        "archi": "df",
        "ae_dims": 12,
        "e_ch_dims": 6,
        "d_ch_dims": 3,
        "multiscale_decoder": True,
        "lighter_encoder": True,
        "learn_mask": False,
        "ca_weights": True,
        "remove_gray_border": True,
    },
    "saehd": {"size_px": 64, "archi": "df-ud", "ae_dims": 24, "e_dims": 12, "d_dims": 12, "d_mask_dims": 8},
    "amp": {
        "size_px": 64,
        "ae_dims": 24,
        "inter_dims": 40,
        "e_dims": 8,
        "d_dims": 8,
        "d_mask_dims": 8,
        "morph_factor": 0.25,
        "trained_inters": False,
    },
    "avatar": {"size_px": 48, "face_px": 32, "avatar_type": "head", "dims": 16, "view_dims": 16},
    "ufm": {"size_px": 80, "filters": 16},
    "recyclegan": {"size_px": 48, "filters": 8},
}
OF_EACH = [(name, info.name) for name in OTHER for info in describe(ARCHITECTURES[name].options)]


def on_paper(name: str, **changes: Any) -> tuple[object, ...]:
    """Sides, shapes, what learns and what is painted."""
    model = build(name, {**SMALL[name], **changes}, device="meta")
    painted = model.swap(torch.empty(1, 3, model.seen_px, model.seen_px, device="meta"))
    learning = {key for key, weight in model.named_parameters() if weight.requires_grad}
    shapes = {key: value.shape for key, value in model.state_dict().items()}
    smaller = [faces.shape for faces in painted.smaller_BCHW]
    return painted.faces_BCHW.shape, smaller, model.seen_px, shapes, learning


def in_training(model: FaceModel) -> torch.Tensor:
    """What is painted of both performers."""
    faces = torch.rand(2, 3, model.seen_px, model.seen_px, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        made = model.reconstruct(faces, faces, torch.Generator())
    return torch.stack([made.src.faces_BCHW, made.dst.faces_BCHW])


def test_every_architecture_is_asked() -> None:
    assert set(OTHER) | ASKED_ELSEWHERE == set(ARCHITECTURES)


@pytest.mark.parametrize(("name", "option"), OF_EACH)
def test_every_option_changes_the_network(name: str, option: str) -> None:
    change = {option: OTHER[name][option]}
    if on_paper(name) == on_paper(name, **change):
        assert not torch.allclose(in_training(small(name)), in_training(small(name, **change)))


@pytest.mark.parametrize("name", [name for name in OTHER if "width_share" in OTHER[name]])
def test_a_share_of_the_width_is_one_of_every_part(name: str) -> None:
    whole, half = (
        {part: parameter_count(module) for part, module in build(name, settings, device="meta").parts().items()}
        for settings in ({}, {"width_share": 0.5})
    )
    # Some layers have a fixed number of channels on one side, such as the colours.
    assert all(half[part] <= 0.51 * whole[part] for part in whole)
