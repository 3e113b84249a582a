import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.facesets.names import safe_name


@pytest.mark.parametrize("name", ["clip", "Mein Prøjekt 影", "سينما", "a-b_c (2)", "v1.2"])
def test_ordinary_names_of_all_scripts_stay(name):
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a/b", "a_b"),
        ("..", "_"),
        ("", "_"),
        ("con", "_con"),
        ("LPT1.mov", "_LPT1.mov"),
        ("a\n", "a_"),
        (" x. ", "x"),
    ],
)
def test_what_a_system_forbids_is_replaced(text, name):
    assert safe_name(text) == name


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_any_text_becomes_a_file_name_that_is_its_own(text):
    name = safe_name(text)
    assert name == safe_name(name)
    assert 0 < len(name.encode("utf-8")) <= 121
    assert not set(name) & set('<>:"/\\|?*\0\n')
