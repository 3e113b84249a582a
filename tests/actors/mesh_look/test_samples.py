from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.actors.mesh_look.drawn_pack import drawn_pack, write_pack
from understudy.actors.crowd.sample import Sample
from understudy.actors.mesh_look.acting import Act, any_act
from understudy.actors.mesh_look.lighting import Light, any_light
from understudy.actors.mesh_look.paint import smooth_jaw
from understudy.actors.mesh_look.performer import performer
from understudy.actors.mesh_look.person import HairKind, parted, person
from understudy.actors.mesh_look.picture import View
from understudy.actors.mesh_look.samples import STATES, MeshStudio, mesh_studio
from understudy.mean_face import MEAN_FACE_68_IN_SPACE

SIZE = 64
DAY = Light(
    key=(-0.4, -0.5, 0.75), key_color=(1.0, 1.0, 1.0), fill=(0.5, 0.0, 0.8), fill_color=(0.3, 0.3, 0.3),
    rim_color=(0.0, 0.0, 0.0), sky=(0.4, 0.4, 0.4), ground=(0.2, 0.2, 0.2), exposure=0.3, contrast=1.0,
)  # fmt: skip
VIEW = View(distance_mm=1500.0, span_mm=290.0, shift=(0.0, 0.0))


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> MeshStudio:
    return mesh_studio(write_pack(tmp_path_factory.mktemp("pack"), drawn_pack()))


def test_the_same_number_gives_the_same_pixels_and_another_one_others(studio: MeshStudio) -> None:
    a, b, c = (studio.sample(number, SIZE) for number in (3, 3, 4))
    assert np.array_equal(a.rgb, b.rgb) and np.array_equal(a.points, b.points)
    assert not np.array_equal(a.rgb, c.rgb)
    assert a.who == c.who and a.who != studio.sample(3 + STATES, SIZE).who


def test_a_sample_shows_a_person_whose_face_lies_inside_them(studio: MeshStudio) -> None:
    for number in range(0, 8 * STATES, STATES):
        taken = studio.sample(number, SIZE)
        assert taken.look == "mesh" and taken.rgb.dtype == np.uint8
        assert 0.1 < taken.person.mean() < 1.0
        assert (taken.skin <= taken.person + 1e-5).all()
        assert np.isfinite(taken.points).all()
        assert 0 < taken.tone < 1 and 0 <= taken.age <= 1
        middle = (taken.points.min(0) + taken.points.max(0)) / 2
        assert np.abs(middle - SIZE / 2).max() < 0.12 * SIZE


def _taken(studio: MeshStudio, act: Act, *, number: int = 0, light: Light = DAY, size_px: int = SIZE) -> Sample:
    return studio.taken(studio.performer(number, "train"), act, light, VIEW, size_px)


def test_yaw_turns_the_nose_to_the_pictures_right_and_pitch_lifts_it(studio: MeshStudio) -> None:
    straight = _taken(studio, Act()).points
    eyes = straight[36:48].mean(0)
    turned = _taken(studio, Act(yaw_deg=30)).points
    assert (turned[30] - turned[36:48].mean(0))[0] > (straight[30] - eyes)[0] + 3
    up = _taken(studio, Act(pitch_deg=20)).points
    assert (up[30] - up[36:48].mean(0))[1] < (straight[30] - eyes)[1] - 1
    rolled = _taken(studio, Act(roll_deg=90)).points
    assert np.ptp(rolled[36:48, 1]) > 3 * np.ptp(rolled[36:48, 0])
    assert rolled[36:42, 1].mean() < rolled[42:48, 1].mean()


def test_a_hidden_jaw_lies_on_the_outline_that_is_seen(studio: MeshStudio) -> None:
    """Of a head that looks to the right, the right half of the jaw comes to the edge of the head."""
    taken = _taken(studio, Act(yaw_deg=60, follow=0.0))
    for x, y in taken.points[13:17]:
        row = taken.person[round(y)]
        assert abs(x - np.flatnonzero(row > 0.5).max()) < 3.5
    left = taken.points[:4]
    assert all(taken.person[int(y), int(x)] > 0.5 for x, y in left)


def test_pupils_follow_the_gaze_and_the_picture_has_the_iris_there(studio: MeshStudio) -> None:
    ahead = _taken(studio, Act()).points[68:]
    aside = _taken(studio, Act(gaze_deg=((25.0, 0.0), (25.0, 0.0)))).points[68:]
    down = _taken(studio, Act(gaze_deg=((0.0, -20.0), (0.0, -20.0)))).points[68:]
    assert (aside[:, 0] > ahead[:, 0] + 0.8).all()
    assert (down[:, 1] > ahead[:, 1] + 0.6).all()
    shown = _taken(studio, Act(), size_px=128)
    x, y = shown.points[69]
    near = shown.rgb[int(y), int(x)].astype(int).mean()
    white = shown.rgb[int(y), int(x) + 5].astype(int).mean()
    assert near < white - 20


def test_an_expression_moves_its_own_side_alone(studio: MeshStudio) -> None:
    calm = _taken(studio, Act()).points
    wide = _taken(studio, Act(expression={"mouth-open": (1.0, 1.0)})).points
    assert (wide[57] - wide[33])[1] > (calm[57] - calm[33])[1] + 2
    half = _taken(studio, Act(expression={"mouth-corner-puller": (0.0, 1.0)})).points
    at = {name: points[[48, 54]] - points[30] for name, points in (("calm", calm), ("half", half))}
    moved = np.linalg.norm(at["half"] - at["calm"], axis=1)
    assert moved[1] > 3 * moved[0] and moved[1] > 0.8


@pytest.mark.parametrize("kind", ["fringe", "curtain", "scarf"])
def test_what_covers_the_face_is_no_skin(studio: MeshStudio, kind: HairKind) -> None:
    who = person(studio.template.pack, 5, "train")
    plain = replace(who, beard_mm=0.0, glasses="none", hair=replace(who.hair, kind="bald", hairline=0.0))
    covered = replace(plain, hair=replace(plain.hair, kind=kind, length_mm=300.0, opening_deg=40.0, lean=-1.0))
    bare, under = (
        studio.taken(performer(studio.template, studio.fields, one), Act(pitch_deg=10), DAY, VIEW, SIZE)
        for one in (plain, covered)
    )
    lost = (bare.skin > 0.9) & (under.skin < 0.1)
    assert lost.sum() > 15
    assert (under.person[lost] > 0.9).all()
    assert np.array_equal(bare.points[17:], under.points[17:])


@pytest.mark.parametrize("kind", ["cap", "beanie"])
def test_hats_are_the_person_and_no_skin(studio: MeshStudio, kind: HairKind) -> None:
    who = person(studio.template.pack, 5, "train")
    plain = replace(who, beard_mm=0.0, glasses="none", hair=replace(who.hair, kind="bald"))
    bare, under = (
        studio.taken(performer(studio.template, studio.fields, one), Act(), DAY, VIEW, SIZE)
        for one in (plain, replace(plain, hair=replace(plain.hair, kind=kind, color=(0.9, 0.0, 0.0))))
    )
    red = (under.rgb[..., 0] > 3 * under.rgb[..., 1].astype(int)) & (under.person > 0.9)
    assert red.sum() > 100 and under.skin[red].mean() < 0.05
    assert (under.person > bare.person + 0.5).sum() > 10


def test_glasses_take_their_frames_from_the_skin_and_dark_ones_the_eyes(studio: MeshStudio) -> None:
    who = person(studio.template.pack, 5, "train")
    plain = replace(who, beard_mm=0.0, glasses="none", hair=replace(who.hair, kind="bald"))
    share = {}
    for kind in ("none", "thin", "thick", "dark"):
        one = performer(studio.template, studio.fields, replace(plain, glasses=kind))
        share[kind] = float(studio.taken(one, Act(), DAY, VIEW, 96).skin.sum())
    assert share["none"] > share["thin"] + 20 > share["thick"] > share["dark"] + 100


def test_beards_and_stubble_belong_to_the_face_as_in_our_own_look(studio: MeshStudio) -> None:
    who = person(studio.template.pack, 5, "train")
    plain = replace(who, beard_mm=0.0, stubble=0.0, glasses="none", hair=replace(who.hair, kind="bald"))
    share, brightness = {}, {}
    for name, one in (
        ("none", plain), ("stubble", replace(plain, stubble=1.0)), ("beard", replace(plain, beard_mm=12.0))
    ):  # fmt: skip
        taken = studio.taken(performer(studio.template, studio.fields, one), Act(), DAY, VIEW, SIZE)
        share[name] = float(taken.skin.mean())
        brightness[name] = float(taken.rgb[48:60, 20:44].mean())
    assert share["stubble"] == share["none"]
    assert (
        share["none"] - 0.005 < share["beard"] < share["none"] + 0.03
    )  # it stands off, but ends with the face
    assert brightness["beard"] < brightness["stubble"] < brightness["none"] - 1


def test_light_from_one_side_leaves_the_other_dark(studio: MeshStudio) -> None:
    hard = replace(DAY, key=(-1.0, 0.0, 0.1), fill_color=(0.0, 0.0, 0.0), sky=(0.05,) * 3, ground=(0.05,) * 3)
    taken = _taken(studio, Act(), light=hard)
    face = taken.skin > 0.9
    column = np.nonzero(face)[1]
    value = taken.rgb[face].mean(1)
    assert value[column < 28].mean() > 2 * value[column > 36].mean()


def test_the_evaluation_shares_no_person_hair_or_light_with_the_training(studio: MeshStudio) -> None:
    pack = studio.template.pack
    people = {part: [person(pack, k, part) for k in range(12)] for part in ("train", "test")}
    assert not {p.name for p in people["train"]} & {p.name for p in people["test"]}
    assert all(a.shape != b.shape for a, b in zip(people["train"], people["test"], strict=True))
    rng = np.random.default_rng(0)
    slices = {part: {int(parted(rng, part) * 20) for _ in range(300)} for part in ("train", "test")}
    assert not slices["train"] & slices["test"] and len(slices["train"]) == 15
    assert any_light(np.random.default_rng(1), "train").key != any_light(np.random.default_rng(1), "test").key


def test_acts_reach_every_pose_and_leave_none_out() -> None:
    rng = np.random.default_rng(3)
    acts = [any_act(rng) for _ in range(400)]
    yaw, pitch = np.array([[act.yaw_deg, act.pitch_deg] for act in acts]).T
    assert yaw.min() < -80 and yaw.max() > 80 and np.abs(yaw).max() <= 90
    assert pitch.min() < -38 and pitch.max() > 38 and np.abs(pitch).max() <= 45
    closed = [act for act in acts if act.expression.get("eye-left-closure", (0, 0))[0] > 0.8]
    assert 30 < len(closed) < 150
    gaze = np.array([act.gaze_deg[0] for act in acts])
    assert (gaze.min(0) < (-20, -12)).all() and (gaze.max(0) > (20, 12)).all()
    sided = [act for act in acts if any(left != right for left, right in act.expression.values())]
    assert len(sided) > 30


def test_a_picture_smaller_than_any_face_is_refused(studio: MeshStudio) -> None:
    with pytest.raises(ValueError, match="at least 32"):
        studio.sample(0, 16)


def test_brows_and_beards_have_the_hairs_colour_and_not_the_hats(studio: MeshStudio) -> None:
    people = [person(studio.template.pack, k, "train") for k in range(60)]
    hatted = [who for who in people if who.hair.kind in ("cap", "beanie", "scarf")]
    assert len(hatted) > 5
    for who in hatted:
        red, green, blue = who.brows
        assert red >= green - 0.02 >= blue - 0.08


def test_ears_grow_no_hair(studio: MeshStudio) -> None:
    ends = smooth_jaw(studio.template.landmarks_px[:17])[[0, 16]]
    wide = (ends[1, 0] - ends[0, 0]) / 2
    for side, (x, y) in zip((-1, 1), ends, strict=True):
        assert studio.fields.above_hairline[int(y + 0.4 * wide), int(x + side * 0.4 * wide)] < -50


def test_jaw_points_are_as_high_as_the_mean_faces(studio: MeshStudio) -> None:
    """Only so do two looks teach one network the same points."""
    taken = _taken(studio, Act(), size_px=176).points
    shares = [
        (face[:9] - face[36:48].mean()) / (face[8] - face[36:48].mean())
        for face in (taken[:, 1], MEAN_FACE_68_IN_SPACE[:, 1])
    ]
    assert np.abs(shares[0] - shares[1]).max() < 0.08
