from typing import Any, Literal

import pytest

from understudy.errors import OptionInvalid
from understudy.options import Names, OptionInfo, Options, describe, meant, option, parse_options


class Paint(Options):
    feather_px: int = option(3, "How soft the edge is.", low=0, high=50, unit="px")
    mode: Literal["overlay", "seamless"] = option("overlay", "How it is laid in.", when="restart")
    strength: float = option(1.0, "How much of it.", low=0.0, high=1.0)
    visible: bool = option(True, "Whether it is shown.")
    seed: int | None = option(None, "Where chance begins.")
    name: str = option("main", "What it is called.", when="create")
    pace: Literal["slow", "fast"] | None = option(None, "How fast; nothing said: as it comes.")


def test_an_option_is_described_once_for_everyone():
    first, second = describe(Paint)[:2]
    assert first == OptionInfo(
        "feather_px", "whole number", 3, "How soft the edge is.", 0, 50, "px", "live", ()
    )
    assert (second.kind, second.choices, second.when) == ("choice", ("overlay", "seamless"), "restart")
    kinds = [info.kind for info in describe(Paint)]
    assert kinds == ["whole number", "choice", "number", "yes or no", "whole number", "text", "choice"]
    assert describe(Paint)[-1].choices == ("slow", "fast")  # also where nothing need be chosen


def test_an_option_that_was_not_declared_is_a_bug():
    class Careless(Options):
        width: int = 3

    with pytest.raises(TypeError, match=r"Careless\.width"):
        describe(Careless)


def test_values_from_a_file_are_validated_and_defaults_filled_in():
    paint = parse_options(Paint, {"feather_px": 7, "strength": 1})
    assert (paint.feather_px, paint.strength, paint.mode) == (7, 1.0, "overlay")


@pytest.mark.parametrize("value", [0, 50])
def test_limits_belong_to_the_range(value):
    assert parse_options(Paint, {"feather_px": value}).feather_px == value


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"feather_px": 51}, "'feather_px' can't be 51: input should be less than or equal to 50"),
        ({"feather_px": -1}, "'feather_px' can't be -1"),
        ({"feather_px": "soft"}, "'feather_px' can't be 'soft'"),
        ({"mode": "hard"}, "'mode' can't be 'hard': input should be 'overlay' or 'seamless'\\.$"),
        ({"mode": "overly"}, "'overlay' or 'seamless'\\. Did you mean \"overlay\"\\?$"),
        ({"strength": float("nan")}, "'strength' can't be nan"),
        ({"feathr_px": 3}, "no option 'feathr_px'. Known here: feather_px, mode"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_it(values, says):
    with pytest.raises(OptionInvalid, match=says) as caught:
        parse_options(Paint, values)
    assert "\n" not in str(caught.value)


def test_options_never_change_in_place():
    paint = Paint()
    with pytest.raises(ValueError, match="frozen"):
        paint.feather_px = 4  # type: ignore[misc]
    assert paint.changed(feather_px=4).feather_px == 4
    assert paint.feather_px == 3


def test_a_changed_copy_knows_what_was_said() -> None:
    assert Paint().changed(feather_px=4).model_fields_set == {"feather_px"}
    assert Paint(feather_px=4).changed().model_fields_set == {"feather_px"}


def test_a_changed_copy_is_validated_too():
    with pytest.raises(OptionInvalid, match="feather_px"):
        Paint().changed(feather_px=99)


FINDERS = {"near": 1, "far": 2}


class Search(Options):
    finder: str = option("near", "Who looks.", names=Names(lambda: FINDERS))
    taught: str = option("near", "Who was taught.", names=Names(lambda: FINDERS, of_project="pupils"))
    sound: str = option("all", "What is heard.", names=Names(lambda: ["all"], others=True, joined_by="+"))


def test_names_of_a_table_are_choices_and_another_is_refused_with_those_there_are():
    finder, taught, sound = describe(Search)
    assert (finder.choices, finder.others) == (("near", "far"), False)
    assert (taught.choices, taught.of_project) == (("near", "far"), "pupils")
    assert (sound.choices, sound.others, sound.joined_by) == (("all",), True, "+")
    with pytest.raises(OptionInvalid, match="'finder' can't be 'beside': known are near, far"):
        parse_options(Search, {"finder": "beside"})


@pytest.mark.parametrize(
    ("said", "question"),
    [("neer", ' Did you mean "near"?'), ("FAR", ' Did you mean "far"?'), ("beside", ""), (None, "")],
)
def test_a_refusal_ends_with_the_name_that_was_meant(said: Any, question: str):
    assert meant(said, ["near", "far"]) == question
    if said is not None:
        with pytest.raises(OptionInvalid) as told:
            Search(finder=said).require_names()
        assert told.value.message == f"Option 'finder' can't be {said!r}: known are near, far.{question}"


@pytest.mark.parametrize(
    ("said", "near"),
    [
        ("qiuck", "quick"),
        ("quik", "quick"),
        ("faceswpa", "faceswap"),
        ("int", "interview"),
        ("in", ""),
        ("sharp", ""),
        ("shot", ""),
        ("face", "faceswap"),
    ],
)
def test_slips_of_the_fingers_and_beginnings_are_near_and_other_words_are_not(said: str, near: str) -> None:
    known = ["batch", "quick", "faceswap", "interview", "sheet", "marsh"]
    assert meant(said, known) == (f' Did you mean "{near}"?' if near else "")


def test_a_name_that_joins_the_table_later_is_known_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(FINDERS, "beside", 3)
    assert parse_options(Search, {"finder": "beside"}).finder == "beside"
    assert describe(Search)[0].choices == ("near", "far", "beside")


def test_a_name_that_only_a_project_or_the_class_itself_can_know_is_not_refused_by_the_table():
    assert parse_options(Search, {"taught": "pupil", "sound": "all+2"}).taught == "pupil"


@pytest.mark.parametrize("word", ["none", "None", None])
def test_none_takes_back_what_an_option_without_a_default_was_given(word: str | None):
    paint = parse_options(Paint, {"seed": word, "pace": word})
    assert (paint.seed, paint.pace) == (None, None) and paint.model_fields_set == {"seed", "pace"}


def test_none_is_no_value_of_an_option_that_always_has_one():
    assert parse_options(Paint, {"name": "none"}).name == "none"
    with pytest.raises(OptionInvalid, match="'feather_px' can't be 'none'"):
        parse_options(Paint, {"feather_px": "none"})
