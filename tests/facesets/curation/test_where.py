"""Filters say what a person means, and can do nothing else."""

from __future__ import annotations

import pytest

from understudy.errors import OptionInvalid
from understudy.facesets.curation.where import columns_in, parse_where, texts_sought

ROW = {"yaw_deg": 25.0, "blur": None, "clip": "night 影", "frame": 7, "filled": False}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("yaw_deg > 20", True),
        ("20 < yaw_deg <= 25 and frame == 7", True),
        ("not (yaw_deg > 20 or frame == 7)", False),
        ("clip == 'night 影'", True),
        ("'night' in clip and frame in [1, 7]", True),
        ("frame not in (1, 7)", False),
        ("abs(yaw_deg - 30) < 6", True),
        ("-yaw_deg * 2 + 1 == -49", True),
        ("not filled", True),
        ("blur < 3", False),
        ("blur >= 3", False),
        ("blur + 1 > 0", False),
    ],
)
def test_a_filter_means_what_it_says(text: str, meant: bool) -> None:
    assert parse_where(text, ROW)(ROW) is meant


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "clip.upper() == 'A'",
        "clip[0] == 'n'",
        "(lambda: 1)()",
        "[c for c in clip]",
        "f'{clip}'",
        "9 ** 9 ** 9",
        "'a' % 3",
        "abs(clip, 2)",
        "frame if filled else 1",
        "clip is None",
        "frame := 3",
        "yaw",
        "",
        "((((",
        "(" * 900 + "1" + ")" * 900,
        "-" * 1900 + "1",
        "frame == 1" * 300,
        "b'x' == clip",
    ],
)
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(OptionInvalid):
        parse_where(text, ROW)(ROW)


def test_things_of_different_kinds_are_not_compared() -> None:
    with pytest.raises(OptionInvalid, match="different kinds"):
        parse_where("clip > 3", ROW)(ROW)


def test_the_columns_a_filter_needs_are_known_before_it_runs() -> None:
    assert columns_in("abs(yaw_deg) < 3 and not filled or 'a' in clip") == {"yaw_deg", "filled", "clip"}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("clip == interview", "clip == 'interview'"),
        ("frame > 3 and clip != interview-a", "clip != 'interview-a'"),
        ("clip in [night, 'day']", "clip in ['night', 'day']"),
    ],
)
def test_a_text_without_quotes_is_shown_with_them_first(text: str, meant: str) -> None:
    with pytest.raises(OptionInvalid) as refused:
        parse_where(text, ROW)
    assert refused.value.message.startswith(f"Texts stand in quotes: {meant}.")


def test_an_unknown_column_beside_a_number_is_called_that() -> None:
    with pytest.raises(OptionInvalid, match=r'There is no column .yaw.; known .* Did you mean "yaw_deg"'):
        parse_where("yaw > 3 and clip == 'a'", ROW)


def test_the_texts_a_filter_seeks_are_known() -> None:
    sought = texts_sought("clip == 'a' or 'b' == clip or not clip in ('c', 4) or frame == 3 or clip != 'd'")
    assert sorted(sought) == [("clip", "a"), ("clip", "b"), ("clip", "c")]
