"""Claims about layers: their triangles join the body's, and cloth is lit on either side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from understudy.actors.actor import PARTS
from understudy.actors.crowd.body import body_for
from understudy.actors.crowd.layers import Layer, covers, layer_color, shape_of, with_layers
from understudy.actors.crowd.people import person
from understudy.actors.performance import Light
from understudy.actors.shade import Lit

SQUARE = np.stack([*np.meshgrid(np.arange(3.0), np.arange(4.0)), np.zeros((4, 3))], axis=-1)


def test_a_layers_triangles_are_numbered_behind_the_bodys_and_doubled_for_both_sides() -> None:
    mesh = body_for(person(3)).actor.mesh
    layer = Layer("sheet", np.ones(3), grid=SQUARE)
    one = with_layers(mesh, (layer,), len(PARTS))
    two = with_layers(mesh, (replace(layer, both_sides=True),), len(PARTS))
    assert shape_of(layer) == (4, 3)
    assert (one.part == len(PARTS)).sum() == 12 and (two.part == len(PARTS)).sum() == 24
    assert one.triangles[one.part == len(PARTS)].min() == len(mesh.uv)
    assert len(one.uv) == len(mesh.uv) + 12


def test_cloth_is_only_where_its_density_is_above_nothing_and_a_beard_is_frayed() -> None:
    density = np.repeat(np.array([[-1.0], [0.3], [1.0]], np.float32), 40, axis=1)
    uv = np.stack([np.tile(np.arange(40.0), 3), np.repeat([0.0, 1.0, 2.0], 40)], -1).astype(np.float32)
    strands = np.random.default_rng(0).uniform(0, 1, (512, 2880, 2)).astype(np.float32)
    cloth = Layer("cap", np.ones(3), density=density)
    assert covers(cloth, uv, strands).reshape(3, 40).mean(1).tolist() == [0, 1, 1]
    beard = covers(replace(cloth, beard=True), uv, strands).reshape(3, 40).mean(1)
    assert beard[0] == 0 and 0 < beard[1] < 1 and beard[2] == 1


def test_a_pattern_has_two_colours_and_the_back_of_a_cloth_is_lit_as_its_front() -> None:
    uv = np.stack([np.arange(30.0), np.zeros(30)], -1).astype(np.float32)
    ahead = np.tile(np.array([0, 0, 1], np.float32), (30, 1))
    lit = Lit(ahead, ahead, np.ones(30, np.float32), Light(key_direction=(0, 0, 1)))
    plain = Layer("cap", np.full(3, 0.2), gloss=0.2)
    strands = np.ones((512, 2880, 2), np.float32)
    front = layer_color(plain, lit, uv, strands, ahead)
    assert np.allclose(front, layer_color(plain, replace(lit, normal=-ahead), uv, strands, ahead))
    striped = layer_color(replace(plain, second=np.full(3, 0.8), pattern=(1.0, 0.0)), lit, uv, strands, ahead)
    assert len(np.unique(np.round(striped[:, 0], 3))) == 2
