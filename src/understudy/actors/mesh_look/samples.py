"""Samples of the mesh look: the same numbers give the same pixels. See `MeshStudio`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from understudy.actors.crowd.sample import Sample
from understudy.actors.mesh_look.acting import Act, any_act
from understudy.actors.mesh_look.lighting import Light, any_light
from understudy.actors.mesh_look.marks import jaw_paths
from understudy.actors.mesh_look.pack import MeshPack, read_mesh_pack
from understudy.actors.mesh_look.paint import fields_of
from understudy.actors.mesh_look.performer import Performer, performer
from understudy.actors.mesh_look.person import Part, person
from understudy.actors.mesh_look.picture import View, shot
from understudy.actors.mesh_look.template import head_template

STATES = 5  # pictures of one person: building them takes as long as two
_SUPERSAMPLING = 1.5
_SMALLEST_PX = 32
_PART_SEED: dict[Part, int] = {"train": 11, "test": 12}


class MeshStudio:
    """A mesh made ready once, in which any number of people are filmed."""

    def __init__(self, pack: MeshPack) -> None:
        self.template = head_template(pack)
        self.fields = fields_of(self.template)
        self.paths = jaw_paths(self.template, self.fields)
        self._kept: dict[tuple[int, Part], Performer] = {}

    def sample(self, number: int, size_px: int, *, part: Part = "train", seed: int = 0) -> Sample:
        """The sample of a number. Neighbours in number share a person."""
        rng = np.random.default_rng([_PART_SEED[part], seed, number])
        who = self.performer(number // STATES + (seed << 20), part)
        view = View(
            distance_mm=float(np.exp(rng.uniform(np.log(330), np.log(2500)))),
            span_mm=float(rng.uniform(265, 310)),
            shift=(float(rng.uniform(-0.03, 0.03)), float(rng.uniform(-0.03, 0.03))),
        )
        return self.taken(who, any_act(rng), any_light(rng, part), view, size_px)

    def performer(self, number: int, part: Part) -> Performer:
        """A person, built, and kept until the next one is."""
        key = (number, part)
        if key not in self._kept:
            self._kept.clear()
            self._kept[key] = performer(self.template, self.fields, person(self.template.pack, number, part))
        return self._kept[key]

    def taken(self, who: Performer, act: Act, light: Light, view: View, size_px: int) -> Sample:
        """The sample of one picture."""
        if size_px < _SMALLEST_PX:
            raise ValueError(f"a sample needs at least {_SMALLEST_PX} pixels a side")
        inner_px = round(size_px * _SUPERSAMPLING)
        frame = shot(who, self.paths, act, light, view, inner_px)
        rgb, skin, alpha = (
            cv2.resize(layer, (size_px, size_px), interpolation=cv2.INTER_AREA)
            for layer in (frame.rgb, frame.skin, frame.person)
        )
        alpha = np.clip(alpha, 0, 1)
        return Sample(
            rgb=np.round(np.clip(_spread(rgb, alpha), 0, 1) * 255).astype(np.uint8),
            person=alpha.astype(np.float32),
            skin=np.clip(skin, 0, 1).astype(np.float32),
            points=frame.points * (size_px / inner_px),
            yaw_deg=act.yaw_deg,
            pitch_deg=act.pitch_deg,
            roll_deg=act.roll_deg,
            tone=who.who.tone,
            age=who.who.age,
            look="mesh",
            who=who.who.name,
        )


@lru_cache(maxsize=1)
def mesh_studio(folder: Path) -> MeshStudio:
    """The studio of the pack in `folder`, made ready once a process (a second). Raises MeshPackUnusable."""
    return MeshStudio(read_mesh_pack(folder))


def _spread(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Colours of their own where a person covers a pixel in part; around them their blurred colours go on."""
    both = np.dstack([rgb, alpha])
    around = cv2.GaussianBlur(both, (0, 0), 0.02 * len(rgb)) + 1e-3 * cv2.blur(both, (len(rgb) // 2,) * 2)
    around = around[..., :3] / np.maximum(around[..., 3:], 1e-9)
    return np.where((alpha > 0.02)[..., None], rgb / np.maximum(alpha, 1e-6)[..., None], around)
