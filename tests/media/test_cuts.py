"""Cuts are found to the frame on filmed actors, and nothing else is taken for one."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from understudy.actors.identity import DEMO_DST, DEMO_SRC, identity
from understudy.actors.performance import Background, Light, dst_track, src_track
from understudy.actors.render import render
from understudy.media import cuts
from understudy.media.cuts import NOTHING_SEEN, SceneNote, SceneWatch, shot_starts

Picture = np.ndarray
Shots = dict[str, list[Picture]]


@pytest.fixture(scope="module")
def shots() -> Shots:
    """The src actor talking; the dst actor in the very same place; the dst actor elsewhere; a quick turn."""
    here = src_track(2, 1)[0]
    talking, other, elsewhere = src_track(80, 1)[:14], src_track(80, 5)[40:52], dst_track(40, 2)[:8]
    turning = [replace(here, yaw_deg=float(yaw)) for yaw in 40 * np.tanh((np.arange(9) - 4) / 2)]

    def filmed(who, states, **changes):
        return [render(who, replace(state, **changes), size_px=96).rgb for state in states]

    return {
        "talking": filmed(DEMO_SRC, talking),
        "other": filmed(DEMO_DST, other, background=here.background, light=here.light),
        "elsewhere": filmed(DEMO_DST, elsewhere),
        "turning": filmed(DEMO_SRC, turning),
    }


def starts(frames: Sequence[Picture]) -> list[int]:
    watch = SceneWatch()
    return sorted(shot_starts([watch.look(np.ascontiguousarray(frame, np.uint8)) for frame in frames]))


def lit(frame: Picture, gain: float, more: float = 0.0) -> Picture:
    return np.clip(frame * gain + more, 0, 255).astype(np.uint8)


def grainy(frames: Sequence[Picture], noise: float) -> list[Picture]:
    rng = np.random.default_rng(4)
    return [np.clip(frame + rng.normal(0, noise, frame.shape), 0, 255).astype(np.uint8) for frame in frames]


def mixed(a: Sequence[Picture], b: Sequence[Picture], shares: np.ndarray) -> list[Picture]:
    return [((1 - t) * x.astype(float) + t * y).astype(np.uint8) for x, y, t in zip(a, b, shares, strict=False)]


def close(frames: Sequence[Picture]) -> list[Picture]:
    return [cv2.resize(frame[18:72, 20:74], (96, 96)) for frame in frames]


def wall() -> Picture:
    """A wide picture with much to see, for a camera to pan over."""
    rng = np.random.default_rng(7)
    wide = sum(
        cv2.resize(rng.normal(0, 25, (n, 5 * n, 3)), (1600, 320), interpolation=cv2.INTER_CUBIC)
        for n in (4, 12, 40)
    )
    return np.clip(wide + 120, 0, 255).astype(np.uint8)


def test_a_cut_to_another_scene_is_found_to_the_frame(shots):
    frames = shots["talking"][:9] + shots["elsewhere"][:7]
    assert starts(frames) == [9]


def test_another_person_in_the_same_place_is_a_cut_far_close_grainy_and_in_the_dark(shots):
    frames = shots["talking"][:11] + shots["other"]
    assert starts(frames) == [11]
    assert starts(close(frames)) == [11]
    assert starts(grainy(frames, 12)) == [11]
    assert starts(grainy([lit(frame, 0.2) for frame in frames], 1)) == [11]


def test_quick_cutting_finds_every_cut(shots):
    parts = [shots["talking"][:8], shots["other"][:3], shots["talking"][8:14], shots["elsewhere"][:5]]
    frames = [frame for part in [*parts, shots["other"][5:9]] for frame in part]
    assert starts(frames) == [8, 11, 17, 22]


@pytest.mark.parametrize("scene", ["talking", "other", "elsewhere", "turning"])
def test_people_who_talk_and_turn_are_no_cut_however_large_they_are(shots, scene):
    assert starts(shots[scene]) == []
    assert starts(close(shots[scene])) == []
    assert starts(grainy(shots[scene], 25)) == []


def test_a_still_clip_a_single_frame_and_none_have_no_cut(shots):
    frame = shots["talking"][0]
    assert starts([frame] * 12) == starts([frame]) == starts([]) == []
    assert starts(grainy([np.full_like(frame, 20)] * 12, 4)) == []


@pytest.mark.parametrize("speed_px", [8, 40, 90])
def test_a_pan_is_no_cut_also_when_it_starts_at_once(speed_px):
    wide = wall()
    places = [0] * 6 + list(range(0, 1280, speed_px))[:25]
    assert starts([wide[:, place : place + 320] for place in places]) == []


def test_a_flash_and_a_dropped_frame_are_no_cut(shots):
    frames = list(shots["talking"])
    frames[6] = lit(frames[6], 2.5, 60)
    frames[7] = lit(frames[7], 1.6, 20)
    assert starts(frames) == []
    frames = list(shots["talking"])
    frames[6] = frames[7] = np.zeros_like(frames[6])
    assert starts(frames) == []


def test_a_flash_that_hides_a_cut_does_not_hide_it(shots):
    frames = [*shots["talking"][:8], lit(shots["other"][0], 2.5, 60), *shots["other"][1:9]]
    assert starts(frames) == [8]


def test_a_cut_between_plain_walls_of_other_brightness_is_no_flash(shots):
    """The head darts before the cut and the wall behind is brighter after it; both are heads in the middle."""
    fall_off = np.linspace(1.15, 0.7, 96)[:, None, None]
    walls = [
        np.clip(np.full((96, 96, 3), tone) * fall_off, 0, 255) for tone in ((96, 104, 110), (150, 142, 128))
    ]
    here, there = src_track(90, 3)[60:66], src_track(90, 8)[:5]
    darting = [replace(here[-1], yaw_deg=yaw) for yaw in (-30.0, -10.0, 10.0, 30.0)]

    def before(wall, who, states):
        shots = [render(who, state, size_px=96) for state in states]
        return [(wall + (s.rgb - wall) * s.person[..., None]).astype(np.uint8) for s in shots]

    frames = [*before(walls[0], DEMO_SRC, [*here, *darting]), *before(walls[1], identity(7), there)]
    assert starts(frames) == [10]


def test_a_dissolve_is_cut_near_its_middle(shots):
    there_and_back = [*shots["talking"], *shots["talking"][::-1]]
    other = close([*shots["elsewhere"], *shots["elsewhere"][::-1]])
    (cut,) = starts(mixed(there_and_back, other, np.clip((np.arange(16) - 2) / 12, 0, 1)))
    assert abs(cut - 8) <= 2


def test_a_head_that_tilts_evenly_before_a_still_wall_is_no_dissolve():
    wall = np.random.default_rng(1).uniform(60, 200, (3, 4, 3))
    wall = np.clip(cv2.resize(wall, (164, 106), interpolation=cv2.INTER_CUBIC), 0, 255)
    frames = []
    for index, state in enumerate(src_track(200, 15)[8:32], 8):
        phase = 2 * np.pi * index / 50
        angles = {"roll_deg": 25 * np.sin(phase), "pitch_deg": 18 * np.cos(1.7 * phase)}
        tilted = replace(state, light=Light(), background=Background(), **angles)
        head = render(DEMO_SRC, tilted, size_px=96)
        frame = wall.copy()
        frame[10:, 34:130] += (head.rgb - frame[10:, 34:130]) * head.person[..., None]
        frames.append(frame.astype(np.uint8))
    assert starts(frames) == []


def test_a_fade_through_black_begins_with_the_new_picture_and_a_dimmed_light_does_not(shots):
    down, up = np.linspace(1, 0, 12), np.linspace(0, 1, 12)
    frames = [lit(f, t) for f, t in zip(shots["talking"], down, strict=False)]
    frames += [lit(f, t) for f, t in zip(shots["other"], up, strict=False)]
    (cut,) = starts(frames)
    assert 12 <= cut <= 14
    dimmed = [lit(f, t) for f, t in zip(shots["talking"], np.linspace(1, 0.3, 14), strict=True)]
    assert starts(dimmed) == []


def test_a_watch_that_begins_in_the_middle_says_the_same_after_one_frame(shots):
    frames = shots["talking"][:6] + shots["elsewhere"][:4]
    whole, late = SceneWatch(), SceneWatch()
    notes = [whole.look(frame) for frame in frames]
    late.look(frames[4])
    again = [late.look(frame) for frame in frames[5:]]
    assert [n.change for n in again] == [n.change for n in notes[5:]]


def test_a_note_survives_being_written_down(shots):
    watch = SceneWatch()
    watch.look(shots["talking"][0])
    note = watch.look(shots["talking"][1])
    again = SceneNote.from_json(note.as_json())
    assert again.change == pytest.approx(note.change, abs=1e-3)
    assert np.array_equal(again.grid, note.grid)
    with pytest.raises(ValueError, match="reshape"):
        SceneNote.from_json({"change": 1.0, "grid": "AAAA"})


def test_frames_nobody_looked_at_have_no_cuts():
    assert shot_starts([NOTHING_SEEN] * 9) == set()


@pytest.mark.parametrize("at_once", [5, 16, 31])
def test_a_film_that_is_looked_through_in_stretches_has_the_same_cuts(shots, monkeypatch, at_once):
    other = close([*shots["elsewhere"], *shots["elsewhere"][::-1]])
    shares = np.clip((np.arange(16) - 2) / 12, 0, 1)
    dissolve = mixed([*shots["talking"], *shots["talking"][::-1]], other, shares)
    fade = [lit(f, t) for f, t in zip(shots["talking"], np.linspace(1, 0, 12), strict=False)]
    frames = [*dissolve, *other, *shots["talking"][:6], *fade, *shots["other"]]
    whole = starts(frames)
    monkeypatch.setattr(cuts, "_AT_ONCE", at_once)
    assert len(whole) >= 3 and starts(frames) == whole


def test_a_film_takes_no_more_memory_than_a_stretch_of_it(shots, monkeypatch):
    monkeypatch.setattr(cuts, "_AT_ONCE", 100)
    watch = SceneWatch()
    notes = [watch.look(frame) for frame in (*shots["talking"], *shots["talking"][::-1])]

    def most_bytes(times: int) -> int:
        tracemalloc.start()
        try:
            shot_starts(notes * times)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert most_bytes(100) < 1.5 * most_bytes(10)
