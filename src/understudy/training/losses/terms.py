"""What one iteration costs, by name, and the sum of it since somebody last looked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from torch import Tensor

from understudy.networks.swap import Side


@dataclass(frozen=True, eq=False)
class Terms:
    """What each side is charged for, by name; scalars on the device, weighted already."""

    src: Mapping[str, Tensor]
    dst: Mapping[str, Tensor]

    def totals(self) -> Tensor:
        """(2,) sums of src's and dst's terms."""
        zero = next((value for _, value in self.named()), torch.zeros(())).detach() * 0
        return torch.stack([sum(side.values(), start=zero) for side in (self.src, self.dst)])

    def detached(self) -> Terms:
        """The same values without their history."""
        return Terms(*({name: value.detach() for name, value in side.items()} for side in (self.src, self.dst)))

    def named(self) -> Iterator[tuple[tuple[Side, str], Tensor]]:
        """((side, name), value) of every term."""
        for name, value in self.src.items():
            yield ("src", name), value
        for name, value in self.dst.items():
            yield ("dst", name), value


def mean_terms(parts: Sequence[Terms]) -> Terms:
    """The terms of a batch from those of its equal parts."""
    if len(parts) == 1:
        return parts[0]
    return Terms(
        *(
            {n: torch.stack([side[n] for side in same]).mean() for n in same[0]}
            for same in ([part.src for part in parts], [part.dst for part in parts])
        )
    )


@dataclass(frozen=True)
class Means:
    """Mean losses of some iterations: both totals, and every term as `src_<term>` or `dst_<term>`."""

    src: float = 0.0
    dst: float = 0.0
    terms: Mapping[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """Of both sides."""
        return self.src + self.dst


class Tally:
    """Terms summed on the device, so that no step has to wait for the others."""

    def __init__(self) -> None:
        self._sums: dict[tuple[Side, str], Tensor] = {}
        self.count = 0

    def add(self, terms: Terms) -> None:
        """Count one iteration's terms."""
        for key, value in terms.detached().named():
            self._sums[key] = self._sums[key] + value if key in self._sums else value
        self.count += 1

    def means(self) -> Means:
        """Means since the last call; starts over. A term that was asked for only part of the time counts as 0
        for the rest."""
        means = self.so_far()
        self.__init__()
        return means

    def so_far(self) -> Means:
        """Means since the last call of `means`; goes on counting."""
        if not self._sums:
            return Means()
        keys, values = zip(*self._sums.items(), strict=True)
        means = dict(zip(keys, (torch.stack(values) / self.count).tolist(), strict=True))
        src, dst = (sum(v for (side, _), v in means.items() if side == which) for which in ("src", "dst"))
        return Means(src, dst, {f"{side}_{name}": value for (side, name), value in means.items()})

    def as_json(self) -> dict[str, Any]:
        """Plain values for the checkpoint: a stretch that was interrupted is measured whole."""
        sums = {f"{side}_{name}": value.item() for (side, name), value in self._sums.items()}
        return {"sums": sums, "count": self.count}

    @classmethod
    def from_json(cls, value: Mapping[str, Any], device: torch.device) -> Self:
        """Undo `as_json`; an empty mapping starts over."""
        tally = cls()
        for key, total in value.get("sums", {}).items():
            side, _, name = key.partition("_")
            tally._sums[side, name] = torch.tensor(total, device=device)
        tally.count = int(value.get("count", 0))
        return tally
