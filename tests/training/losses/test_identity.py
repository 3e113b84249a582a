"""Identity: an embedder is asked for by name, is fixed, and the swap is led towards src's mean direction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.networks.small import SMALL
from tests.training.conftest import TINY, tiny_options
from tests.training.losses.drawn import EXACT, pictures
from understudy.errors import ModelUnknown, OptionInvalid
from understudy.facesets.store import Faceset
from understudy.training import presets
from understudy.training.losses.identity import EMBEDDERS, Embedder, embedder_named, identity_distance
from understudy.training.presets import Preset
from understudy.training.train import train


class MeanColors(Embedder):
    size_px = 16

    def __init__(self, place: Path | None = None) -> None:
        super().__init__()

    def forward(self, faces_BCHW: Tensor) -> Tensor:
        assert faces_BCHW.shape[-2:] == (16, 16)
        return faces_BCHW.mean((2, 3))


def test_it_is_one_minus_the_cosine_to_src_mean_direction() -> None:
    swap, src = pictures(0, 3), pictures(1, 2) * torch.tensor([0.2, 1, 0.5]).view(3, 1, 1)
    a, b = (x.mean((2, 3)).numpy().astype(float) for x in (swap, src))
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    centre = b.mean(0) / np.linalg.norm(b.mean(0))
    wanted = (1 - a @ centre).mean()
    assert float(identity_distance(MeanColors(), swap, src)) == pytest.approx(wanted, abs=1e-4)


def test_the_same_person_costs_nothing_and_slopes_reach_the_swap_alone() -> None:
    src = torch.rand(1, 3, 16, 16, requires_grad=True)
    assert identity_distance(MeanColors(), src, src).item() == pytest.approx(0, abs=1e-6)
    swap = (src.detach() * torch.tensor([1, 0.2, 0.2]).view(3, 1, 1)).requires_grad_()
    before = identity_distance(MeanColors(), swap, src)
    before.backward()
    assert swap.grad is not None and src.grad is None
    assert identity_distance(MeanColors(), swap - swap.grad, src) < before


def test_black_faces_give_numbers() -> None:
    black = torch.zeros(1, 3, 16, 16, requires_grad=True)
    identity_distance(MeanColors(), black, black).backward()
    assert black.grad is not None and torch.isfinite(black.grad).all()


@pytest.mark.parametrize("architecture", ["quick", "ufm"])
def test_the_encoder_of_another_trained_model_can_tell(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], monkeypatch: pytest.MonkeyPatch, architecture: str
) -> None:
    small = SMALL[architecture]
    monkeypatch.setitem(presets.PRESETS, TINY, Preset(architecture, "full", "for tests", network=small))
    src, dst = facesets
    list(
        train(
            tmp_path / "m", src=[src], dst=[dst], options=tiny_options(iterations=1), preset=TINY, device="cpu"
        )
    )
    embedder = embedder_named(f"encoder:{tmp_path / 'm'}", EXACT)
    assert embedder.size_px == small["size_px"] and not any(p.requires_grad for p in embedder.parameters())
    swap = pictures(0).requires_grad_()
    identity_distance(embedder, swap, pictures(1)).backward()
    assert swap.grad is not None and swap.grad.abs().sum() > 0


def test_without_a_trained_model_or_with_an_unknown_name_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnknown, match="no trained model"):
        embedder_named(f"encoder:{tmp_path}", EXACT)
    for name in ("", "sface:weights"):
        with pytest.raises(OptionInvalid, match="encoder"):
            embedder_named(name, EXACT)


def test_an_embedder_of_ones_own_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EMBEDDERS, "colors", MeanColors)
    assert isinstance(embedder_named("colors:somewhere", EXACT), MeanColors)
