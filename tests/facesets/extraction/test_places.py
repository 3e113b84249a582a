import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.facesets.extraction.places import parse_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("0", 0.0),
        ("12.5", 12.5),
        ("12.5s", 12.5),
        (".25", 0.25),
        (" 7 ", 7.0),
        ("1:02.5", 62.5),
        ("90:00", 5400.0),
        ("0:01:02.500", 62.5),
        ("2:00:00", 7200.0),
        ("310f", 310),
        ("0f", 0),
    ],
)
def test_a_place_is_seconds_a_clock_time_or_a_frame(text, place):
    parsed = parse_place(text)
    assert parsed == place
    assert type(parsed) is type(place)


@pytest.mark.parametrize(
    "text", ["", "-1", "1:60", "1:75:00", "f310", "310 f", "1:2:3:4", "nan", "1e3", "٣", "1:", "12,5", "9" * 40]
)
def test_anything_else_is_refused_with_the_ways_to_write_it(text):
    with pytest.raises(ValueError, match=r"seconds \(12\.5\).*310f"):
        parse_place(text)


@settings(deadline=None)
@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59_999))
def test_a_clock_time_and_its_seconds_are_one_place(hours, minutes, milliseconds):
    seconds = milliseconds / 1000
    written = f"{hours}:{minutes:02d}:{seconds:06.3f}"
    assert parse_place(written) == pytest.approx(parse_place(f"{hours * 3600 + minutes * 60 + seconds:.3f}"))
