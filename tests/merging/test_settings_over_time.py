"""Which settings every frame has: layers, key frames, easing, and what is refused by name."""

from __future__ import annotations

import pickle
import time
from pathlib import Path

import pytest

from understudy.errors import OptionInvalid
from understudy.masks.own import AboutSegmenter, write_about
from understudy.masks.segmenter import Segmenters
from understudy.merging.frame_ranges import parse_frames
from understudy.merging.options import MergeOptions
from understudy.merging.settings_over_time import FrameRange, KeyFrame, SettingsOverTime

BASE = MergeOptions(erode=0.0, blur=0.1)


def stretch(text: str, **values) -> FrameRange:
    return FrameRange(parse_frames(text), values, f"range {text}")


def key(frame: int, ease: str = "linear", **values) -> KeyFrame:
    return KeyFrame(frame, values, ease, f"key {frame}")  # type: ignore[arg-type]


def test_without_anything_said_all_frames_have_the_clips_settings() -> None:
    settings = SettingsOverTime(BASE)
    assert settings.at(0) == settings.at(10**5) == BASE


def test_a_range_holds_for_its_frames_with_both_ends_and_for_no_others() -> None:
    settings = SettingsOverTime(BASE, ranges=[stretch("3:5,9", mask="dst-hull")])
    masks = [settings.at(frame).mask for frame in range(11)]
    assert [frame for frame, mask in enumerate(masks) if mask == "dst-hull"] == [3, 4, 5, 9]
    assert settings.at(4).blur == BASE.blur


def test_a_later_range_wins_for_the_options_both_set_and_it_is_said() -> None:
    settings = SettingsOverTime(BASE, ranges=[stretch("0:6", erode=0.1, blur=0.3), stretch("5:8", erode=0.2)])
    assert [settings.at(frame).erode for frame in (4, 5, 6, 8)] == [0.1, 0.2, 0.2, 0.2]
    assert settings.at(5).blur == 0.3
    assert len(settings.notices) == 1
    assert all(word in settings.notices[0] for word in ("5:6", "range 5:8", "range 0:6", "erode"))


def test_ranges_that_set_other_options_do_not_speak_of_each_other() -> None:
    assert not SettingsOverTime(BASE, ranges=[stretch("0:6", erode=0.1), stretch("5:8", blur=0.2)]).notices


def test_numbers_go_linearly_from_key_to_key_and_stay_before_the_first_and_after_the_last() -> None:
    settings = SettingsOverTime(BASE, keys=[key(10, erode=0.0), key(20, erode=0.2)])
    assert [round(settings.at(f).erode, 6) for f in (0, 10, 15, 20, 99)] == [0, 0, 0.1, 0.2, 0.2]


def test_smooth_begins_and_ends_without_a_jerk_and_hold_jumps_at_the_next_key() -> None:
    smooth = SettingsOverTime(BASE, keys=[key(0, "smooth", erode=0.0), key(100, erode=0.2)])
    values = [smooth.at(frame).erode for frame in range(101)]
    assert values == sorted(values) and values[50] == pytest.approx(0.1)
    assert values[1] < 0.02 * 0.1 and 0.2 - values[99] < 0.02 * 0.1
    hold = SettingsOverTime(BASE, keys=[key(0, "hold", erode=0.0), key(10, erode=0.2)])
    assert [hold.at(frame).erode for frame in (9, 10)] == [0.0, 0.2]


def test_choices_hold_and_whole_numbers_stay_whole_between_keys() -> None:
    keys = [key(0, mask="learned-prd", steady_frames=0), key(10, mask="dst-hull", steady_frames=5)]
    settings = SettingsOverTime(BASE, keys=keys)
    assert [settings.at(frame).mask for frame in (0, 9, 10)] == ["learned-prd", "learned-prd", "dst-hull"]
    assert settings.at(5).steady_frames in (2, 3) and isinstance(settings.at(5).steady_frames, int)


def test_every_option_has_keys_of_its_own() -> None:
    settings = SettingsOverTime(BASE, keys=[key(0, erode=0.0), key(5, blur=0.3), key(10, erode=0.2)])
    assert settings.at(5).erode == pytest.approx(0.1) and settings.at(0).blur == 0.3


def test_the_layers_lie_keys_below_ranges_below_the_cast_below_what_is_said() -> None:
    settings = SettingsOverTime(
        BASE,
        keys=[key(0, erode=0.1)],
        ranges=[stretch("2:", erode=0.15)],
        parts={"track 7": {"erode": 0.2}},
        said={"erode": 0.25},
        said_for=parse_frames("4:"),
    )
    assert [settings.at(frame).erode for frame in (0, 2, 4)] == [0.1, 0.15, 0.25]
    assert [settings.at(frame, "track 7").erode for frame in (0, 2, 4)] == [0.2, 0.2, 0.25]


def test_what_is_said_without_frames_counts_everywhere() -> None:
    settings = SettingsOverTime(BASE, ranges=[stretch("2:4", erode=0.1)], said={"erode": 0.2})
    assert {settings.at(frame).erode for frame in range(8)} == {0.2}


@pytest.mark.parametrize(
    ("values", "word"),
    [({"feather": 1}, "feather"), ({"erode": 9}, "erode"), ({"mask": "all"}, "mask"), ({"batch": 2}, "batch")],
)
def test_a_wrong_option_is_named_with_its_range_its_key_or_its_part(values: dict, word: str) -> None:
    for said in (
        {"ranges": [FrameRange(parse_frames("1:2"), values, "here")]},
        {"keys": [KeyFrame(1, values, "hold", "here")]},
        {"parts": {"here": values}},
    ):
        with pytest.raises(OptionInvalid, match=f"here.*{word}"):
            SettingsOverTime(BASE, **said)


@pytest.mark.parametrize("values", [{"light": "linear"}, {"color_degrade": 0.5}, {"mode": "raw-mask"}])
def test_a_part_can_not_set_what_the_whole_frame_shares(values: dict) -> None:
    with pytest.raises(OptionInvalid, match=r"person 2.*whole frame"):
        SettingsOverTime(BASE, parts={"person 2": values})


def test_a_part_has_no_mode_of_its_own_where_the_frames_mode_is_raw() -> None:
    parts, raw = {"person 1": {"mode": "overlay"}}, BASE.changed(mode="raw-mask")
    for base, more in (
        (raw, {}),
        (BASE, {"ranges": [stretch("3:4", mode="raw-mask")]}),
        (BASE, {"keys": [key(3, mode="raw-mask")]}),
        (raw, {"said": {"mode": "overlay"}, "said_for": parse_frames("3")}),
    ):
        with pytest.raises(OptionInvalid, match=r"person 1.*'overlay'.*'raw-mask'"):
            SettingsOverTime(base, parts=parts, **more)
    said = SettingsOverTime(raw, parts=parts, said={"mode": "seamless"})
    assert said.at(0, "person 1").mode == said.at(0).mode == "seamless"


SQUARES = BASE.changed(mode="raw-predict")


@pytest.mark.parametrize(("base", "mode"), [(BASE, "raw-predict"), (SQUARES, "overlay"), (SQUARES, "raw-rgb")])
def test_pictures_of_two_sizes_in_one_clip_are_refused_by_name(base: MergeOptions, mode: str) -> None:
    for said, who in (
        ({"ranges": [stretch("1:2", mode=mode)]}, "range 1:2"),
        ({"keys": [key(1, mode=mode)]}, "key 1"),
        ({"said": {"mode": mode}, "said_for": parse_frames("1:2")}, "what was said"),
    ):
        with pytest.raises(OptionInvalid, match=f"{who}.*{mode}.*another size"):
            SettingsOverTime(base, **said)


def test_squares_for_a_whole_clip_may_be_said_over_ranges_of_other_modes() -> None:
    ranges = [stretch("1:2", mode="seamless")]
    settings = SettingsOverTime(SQUARES, ranges=ranges, said={"mode": "raw-predict"})
    assert {settings.at(frame).mode for frame in range(4)} == {"raw-predict"}


def test_an_ease_that_is_none_and_two_keys_at_one_frame_are_refused() -> None:
    with pytest.raises(OptionInvalid, match="hold, linear, smooth"):
        SettingsOverTime(BASE, keys=[key(1, "bounce", erode=0.1)])
    with pytest.raises(OptionInvalid, match="frame 3"):
        SettingsOverTime(BASE, keys=[key(3, erode=0.1), key(3, erode=0.2)])


@pytest.mark.parametrize(
    "said",
    [
        {"ranges": [stretch("7:9", erode=0.1)]},
        {"keys": [key(8, erode=0.1)]},
        {"said": {"erode": 0.1}, "said_for": [range(8, 9)]},
    ],
)
def test_what_lies_outside_the_clip_is_refused(said: dict) -> None:
    settings = SettingsOverTime(BASE, **said)
    settings.require_within(10)
    with pytest.raises(OptionInvalid, match="0 to 7"):
        settings.require_within(8)


def test_a_hundred_thousand_frames_are_cheap_and_equal_settings_are_one_object() -> None:
    ranges = [stretch(f"{k * 100}:{k * 100 + 40}", erode=0.1) for k in range(100)]
    settings = SettingsOverTime(BASE, ranges=ranges, keys=[key(0, blur=0.1), key(5000, blur=0.2)])
    began = time.thread_time()  # what others do on the machine counts for nothing
    found = [settings.at(frame) for frame in range(100_000)]
    assert time.thread_time() - began < 5
    assert found[60_000] is found[99_999]


def test_they_are_the_same_in_another_process() -> None:
    base = MergeOptions()
    keys = [KeyFrame(0, {"erode": 0.0}), KeyFrame(10, {"erode": 0.2})]
    here = SettingsOverTime(base, keys=keys, parts={"person 2": {"blur": 0.3}})
    there = pickle.loads(pickle.dumps(here))
    for frame in (0, 3, 10, 12):
        assert there.at(frame) == here.at(frame)
        assert there.at(frame, "person 2") == here.at(frame, "person 2") != here.at(frame)


def test_only_segmenters_that_are_there_can_be_named_wherever_it_is(tmp_path: Path) -> None:
    write_about(tmp_path / "mic", AboutSegmenter(face_type="full", size_px=64))
    known = Segmenters(tmp_path)
    mine, theirs = {"segmenter": "mic"}, {"segmenter": "boom"}
    settings = SettingsOverTime(BASE, ranges=[stretch("2:4", **mine)], said={}, segmenters=known)
    assert settings.at(3).segmenter == "mic" and settings.segmenters is known
    for who, more in (
        ("range 2:4", {"ranges": [stretch("2:4", **theirs)]}),
        ("key 7", {"keys": [key(7, "hold", **theirs)]}),
        ("person 2", {"parts": {"person 2": theirs}}),
        ("what was said", {"said": theirs}),
    ):
        with pytest.raises(OptionInvalid, match=rf"In {who}: there is no segmenter 'boom'; known are .*mic"):
            SettingsOverTime(BASE, segmenters=known, **more)
    with pytest.raises(OptionInvalid, match="In the settings: there is no segmenter 'mic'"):
        SettingsOverTime(BASE.changed(**mine))
