"""Which share of a step's bytes lies channels first, where convolutions want channels last, by device.

Run: python benchmarks/layouts.py [ARCHITECTURE …]

Needs no accelerator: a forward and a backward pass of each architecture at its default size run on tensors
without contents, and every operation's operands and results are looked at. "Torch's own elsewhere" answers as
`pixel_shuffle` and `pixel_unshuffle` do on all devices but the CPU, with channels first; "ours elsewhere" takes
the way of `networks/architectures/cells.py`. Views cost nothing and are not counted; maps of less than 20,000
numbers are never called crooked.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel

_FACES, _SMALL = 8, 20_000
_CELLS = (torch.ops.aten.pixel_shuffle.default, torch.ops.aten.pixel_unshuffle.default)
_RESHAPED = torch.ops.aten._unsafe_view.default  # the end of a copying reshape; a view, though not called one


class _Weighed(TorchDispatchMode):
    """Bytes that operations read and write, and those of operations with a map that lies channels first."""

    def __init__(self, *, torchs_elsewhere: bool) -> None:
        super().__init__()
        self.torchs_elsewhere = torchs_elsewhere
        self.all_bytes = self.crooked_bytes = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        if self.torchs_elsewhere and func in _CELLS:
            made = made.contiguous()
        if func.namespace == "aten" and not func.is_view and func is not _RESHAPED:
            tensors = [each for each in tree_leaves((args, made)) if isinstance(each, Tensor)]
            size = sum(each.numel() * each.element_size() for each in tensors)
            self.all_bytes += size
            self.crooked_bytes += size if any(map(_is_crooked, tensors)) else 0
        return made


def _is_crooked(x: Tensor) -> bool:
    if x.dim() != 4 or x.numel() < _SMALL or min(x.shape[1:]) < 2:
        return False
    return not x.is_contiguous(memory_format=torch.channels_last)


@contextmanager
def _elsewhere() -> Iterator[None]:
    """Everything believes that it is on another device than the CPU."""
    with patch.object(torch.Tensor, "is_cpu", property(lambda _: False), create=True):
        yield


def _without_contents(model: FaceModel) -> FaceModel:
    for module in model.modules():
        for held in (module._parameters, module._buffers):
            for name, value in held.items():
                if value is not None:
                    held[name] = _like(value)
    return model


def _like(value: Tensor) -> Tensor:
    laid = torch.channels_last if value.dim() == 4 else torch.contiguous_format
    empty = torch.empty(value.shape, dtype=value.dtype, memory_format=laid)
    return nn.Parameter(empty, requires_grad=value.requires_grad) if isinstance(value, nn.Parameter) else empty


def share(architecture: str, *, torchs_elsewhere: bool = False) -> float:
    """The share of all bytes in operations that see a map with channels first."""
    blank = build(architecture, {}, device="meta")
    with FakeTensorMode(allow_non_fake_inputs=True):
        model = _without_contents(blank)
        size_px = model.seen_px
        faces = torch.empty(_FACES, 3, size_px, size_px).contiguous(memory_format=torch.channels_last)
        with _Weighed(torchs_elsewhere=torchs_elsewhere) as weighed:
            with torch.autocast("cpu", torch.bfloat16):
                made = model.reconstruct(faces, faces)
            painted = [each for side in (made.src, made.dst) for each in (side.faces_BCHW, side.masks_B1HW)]
            torch.stack([each.float().square().mean() for each in painted]).sum().backward()
    return weighed.crooked_bytes / weighed.all_bytes


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = ["quick", "h64", "h128", "df", "liaef128", "miaef128", "sae", "saehd", "amp", "custom"]
    parser.add_argument("architectures", nargs="*", default=usual)
    print("| | on a CPU | torch's own elsewhere | ours elsewhere |\n|---|---|---|---|")
    for name in parser.parse_args().architectures:
        here, torchs = share(name), share(name, torchs_elsewhere=True)
        with _elsewhere():
            ours = share(name)
        print(f"| {name} | {here:.0%} | {torchs:.0%} | {ours:.0%} |", flush=True)


if __name__ == "__main__":
    main()
