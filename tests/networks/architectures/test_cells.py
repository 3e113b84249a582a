"""Cells of pixels are torch's own, and lie in memory as convolutions want them, also where torch's do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as nnf
from torch.utils._python_dispatch import TorchDispatchMode

from tests.networks.small import SMALL
from understudy.networks.architectures.cells import depth_to_space, space_to_depth
from understudy.networks.catalog import build

Move = Callable[[Tensor, int], Tensor]
BOTH: list[tuple[Move, Move, tuple[int, ...]]] = [
    (depth_to_space, nnf.pixel_shuffle, (2, 36, 3, 5)),
    (space_to_depth, nnf.pixel_unshuffle, (2, 4, 12, 18)),
]
CELLS = (torch.ops.aten.pixel_shuffle.default, torch.ops.aten.pixel_unshuffle.default)
FINE_PX = 12  # maps of this side and more; coarser ones cost nothing


def lies_channels_last(x_BCHW: Tensor) -> bool:
    return x_BCHW.is_contiguous(memory_format=torch.channels_last)


@pytest.fixture
def away_from_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values on the CPU that take the way of all other devices."""
    monkeypatch.setattr(torch.Tensor, "is_cpu", property(lambda _self: False), raising=False)


@pytest.mark.usefixtures("away_from_the_cpu")
@pytest.mark.parametrize("cell", [2, 3])
@pytest.mark.parametrize("memory_format", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize(("ours", "torchs", "shape"), BOTH)
def test_other_devices_get_the_pixels_and_gradients_of_torchs_own(
    ours: Move, torchs: Move, shape: tuple[int, ...], memory_format: torch.memory_format, cell: int
) -> None:
    x = torch.rand(*shape).contiguous(memory_format=memory_format).requires_grad_()
    same = x.detach().clone().requires_grad_()
    moved, expected = ours(x, cell), torchs(same, cell)
    weights = torch.rand(expected.shape)
    (moved * weights).sum().backward()
    (expected * weights).sum().backward()
    assert torch.equal(moved, expected)
    assert torch.equal(x.grad, same.grad)
    assert lies_channels_last(moved)


@pytest.mark.usefixtures("away_from_the_cpu")
@pytest.mark.parametrize(("ours", "torchs", "shape"), BOTH)
def test_no_faces_are_moved_too(ours: Move, torchs: Move, shape: tuple[int, ...]) -> None:
    one, none = torch.empty(1, *shape[1:]), torch.empty(0, *shape[1:])
    assert ours(none, 2).shape == (0, *torchs(one, 2).shape[1:])


def test_torchs_own_leaves_channels_last_on_other_devices() -> None:
    """If this fails, torch has mended it, and `cells.py` can go."""
    x = torch.empty(2, 16, 3, 5, device="meta", memory_format=torch.channels_last)
    assert lies_channels_last(depth_to_space(x))
    assert not lies_channels_last(nnf.pixel_shuffle(x, 2))


class Laid(TorchDispatchMode):
    """The fine maps that convolutions are given in another order than channels last, and how many there were;
    torch's own cells lie as they do on other devices."""

    def __init__(self) -> None:
        super().__init__()
        self.otherwise: list[tuple[int, ...]] = []
        self.seen = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.ops.aten.convolution.default and args[0].shape[2] >= FINE_PX:
            self.seen += 1
            if not lies_channels_last(args[0]):
                self.otherwise.append(tuple(args[0].shape))
        made = func(*args, **(kwargs or {}))
        return made.contiguous() if func in CELLS else made


@pytest.mark.usefixtures("away_from_the_cpu")
@pytest.mark.parametrize("architecture", list(SMALL))
def test_doublings_of_every_network_keep_fine_maps_channels_last_on_other_devices(architecture: str) -> None:
    model = build(architecture, SMALL[architecture])
    side = model.seen_px
    faces = torch.rand(2, 3, side, side).contiguous(memory_format=torch.channels_last)
    with Laid() as laid:
        model.reconstruct(faces, faces)
        if architecture != "avatar":  # the instance norms of its second network put channels first everywhere
            model.swap(faces)
    assert laid.seen
    assert laid.otherwise == []
