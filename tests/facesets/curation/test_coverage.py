"""What src lacks is told in words, with the viewer's left and right, and all is well only when it is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.facesets.conftest import make_record
from understudy.facesets.curation.coverage import PITCHES_DEG, YAWS_DEG, coverage, direction
from understudy.facesets.sorting.table import Table


def table(
    looks: list[tuple[float, float, int]], *, clip: str = "a", sharpness: float = 0.7, brightness: float = 0.5
) -> Table:
    """Faces by (yaw, pitch, how many), each of a frame of its own."""
    yaw, pitch = (np.repeat([look[axis] for look in looks], [look[2] for look in looks]) for axis in (0, 1))
    count = len(yaw)
    columns = {
        "yaw_deg": yaw.astype(float),
        "pitch_deg": pitch.astype(float),
        "sharpness": np.full(count, sharpness),
        "brightness": np.full(count, brightness),
        "clip": np.array([clip] * count, object),
        "frame": np.arange(count),
    }
    return Table([None] * count, columns)  # type: ignore[list-item]


FRONT = (0.0, 0.0, 60)


def test_a_turn_that_src_hardly_has_is_told_with_both_numbers() -> None:
    found = coverage([table([FRONT, (-30, 0, 4)])], [table([FRONT, (-30, 0, 120)])])
    assert found.words == ["dst looks 30° left in 120 frames; src has 4 such faces."]


def test_left_is_the_viewers_left_as_the_record_means_it() -> None:
    described = type(make_record()).model_fields["yaw_deg"].description or ""
    assert "Positive turns the face to the image's right" in described
    assert direction(30.0, None) == "30° right" and direction(-31.0, 14.0) == "30° left and 15° up"
    assert direction(2.0, None) == "straight ahead" and direction(None, -20.0) == "20° down"


def test_what_concerns_more_frames_comes_first() -> None:
    src = table([FRONT])
    words = coverage([src], [table([FRONT, (45, 0, 10), (0, 30, 50), (-30, 0, 120)])]).words
    assert [word.split(" in ")[0] for word in words] == [
        "dst looks 30° left",
        "dst looks 30° up",
        "dst looks 45° right",
    ]


def test_two_turns_that_src_has_only_apart_are_told_together() -> None:
    src = table([FRONT, (-30, 0, 60), (0, 30, 60)])
    words = coverage([src], [table([FRONT, (-30, 0, 40), (0, 30, 40), (-30, 30, 30)])]).words
    assert words == ["dst looks 30° left and 30° up in 30 frames; src has no such faces."]


def test_when_src_has_everything_that_is_said() -> None:
    same = table([FRONT, (-30, 0, 30), (20, 15, 8)])
    assert coverage([same], [same]).words[0].startswith("All is well")
    assert coverage([same], [same]).lacks == ()


def test_a_field_is_a_gap_where_a_sentence_names_it_and_nowhere_else() -> None:
    dst = table([FRONT, (-30, 0, 12), (30, 0, 12), (30, 15, 12), (60, 0, 2)])
    found = coverage([table([FRONT, (-30, 0, 6), (30, 0, 30)])], [dst])
    row, column = PITCHES_DEG.index(0), YAWS_DEG.index(-30)
    assert found.served[row, column] - 12 == -6 and not found.gaps["few"][row, column]
    assert [word.split(" in ")[0] for word in found.words] == ["dst looks 15° up"]
    assert np.argwhere(found.gaps["few"]).tolist() == [[PITCHES_DEG.index(15), YAWS_DEG.index(30)]]
    assert not any(found.gaps[kind].any() for kind in ("blurred", "darker", "brighter"))


def test_a_turn_that_is_told_is_seen_also_where_each_of_its_fields_would_do() -> None:
    dst = [(-30, pitch, 20) for pitch in (0.0, 15.0, 30.0)]
    found = coverage([table([(-30, 7.5, 15), (-30, 30, 4)])], [table(dst)])
    assert found.lacks and found.gaps["few"].any()
    assert set(np.argwhere(found.gaps["few"])[:, 1]) == {YAWS_DEG.index(-30)}


def test_blurred_and_badly_lit_turns_are_gaps_of_their_own_kind() -> None:
    src = [table([(0, 0, 200)], sharpness=0.8), table([(-30, 0, 50)], sharpness=0.2)]
    found = coverage(src, [table([FRONT, (-30, 0, 50)])])
    assert np.argwhere(found.gaps["blurred"]).tolist() == [[PITCHES_DEG.index(0), YAWS_DEG.index(-30)]]
    dark = coverage([table([FRONT], brightness=0.6)], [table([FRONT], brightness=0.3)])
    assert dark.gaps["darker"].sum() == 1 and not dark.gaps["brighter"].any()


def test_a_border_between_two_fields_of_the_map_makes_no_gap() -> None:
    found = coverage([table([(-22.4, 0, 50)])], [table([(-22.6, 0, 50)])])
    assert found.lacks == () and found.served.sum() == 50
    assert (found.src.counts * found.dst.counts).sum() == 0, "the faces are in different fields"


def test_what_dst_hardly_does_is_not_worth_a_word() -> None:
    dst = table([(0, 0, 1000), (60, 0, 4)])
    assert coverage([table([FRONT])], [dst]).lacks == ()


def test_blurred_faces_are_named_as_such() -> None:
    src = [table([(0, 0, 200)], sharpness=0.8), table([(-30, 0, 50)], sharpness=0.2)]
    (word,) = coverage(src, [table([FRONT, (-30, 0, 50)])]).words
    assert "30° left in 50 frames; src's 50 such faces are blurred (sharpness 20 %, elsewhere 80 %)" in word


def test_another_light_is_told_once_for_all_or_for_the_direction() -> None:
    src = table([FRONT, (-30, 0, 60)], brightness=0.6)
    assert coverage([src], [table([FRONT], brightness=0.3)]).words == [
        "dst is darker than src ever is (brightness 30 %; src's 60 to 60 %)."
    ]
    dst = [table([(0, 0, 90)], brightness=0.6), table([(-30, 0, 40)], clip="b", brightness=0.9)]
    (word,) = coverage([src], dst).words
    assert word.startswith("dst looks 30° left in 40 frames, brighter than src ever is (brightness 90 %")


def test_what_was_not_measured_is_not_judged() -> None:
    src = table([FRONT], sharpness=np.nan, brightness=np.nan)
    assert coverage([src], [table([FRONT])]).lacks == ()


@pytest.mark.parametrize("sides", [([], [table([FRONT])]), ([table([FRONT])], []), ([], [])])
def test_without_faces_nothing_is_claimed(sides: tuple[list[Table], list[Table]]) -> None:
    assert "can be compared" in coverage(*sides).words[0]


def test_the_map_counts_every_face_once_also_beyond_its_edge() -> None:
    found = coverage([table([(-120, 80, 3), (15, -15, 2)])], [])
    assert found.src.counts.sum() == 5 and found.src.counts[0, 0] == 3
    assert found.src.counts[PITCHES_DEG.index(-15), YAWS_DEG.index(15)] == 2
    plain = found.as_json()
    assert plain["src"]["faces"] == 5 and plain["src"]["sharpness"][0][0] == 0.7
    assert plain["src"]["sharpness"][4][4] is None
