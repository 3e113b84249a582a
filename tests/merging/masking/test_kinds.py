"""Names and formulas of masks: what can be said, and how what can't is refused."""

from __future__ import annotations

import pytest

from understudy.errors import OptionInvalid
from understudy.merging.masking.kinds import MASK_KINDS, SOURCES, mask_terms, plain_mask_name, sources_of
from understudy.merging.options import MergeOptions
from understudy.options import describe, parse_options


def test_every_mask_of_the_field_has_a_name_and_the_help_lists_it() -> None:
    (info,) = (info for info in describe(MergeOptions) if info.name == "mask")
    assert {"full", "dst-hull", "learned-prd", "learned-dst", "learned-sum"} < set(MASK_KINDS)
    assert all(name in info.help for name in MASK_KINDS)
    assert {name for kind in MASK_KINDS for name in sources_of(kind)} == set(SOURCES)


def test_a_formula_is_a_sum_of_products() -> None:
    assert mask_terms("learned-prd * dst-hull + full") == (("learned-prd", "dst-hull"), ("full",))
    assert sources_of("learned-sum*dst-hull") == {"learned-prd", "learned-dst", "dst-hull"}


def test_words_of_older_projects_keep_their_meaning() -> None:
    assert parse_options(MergeOptions, {"mask": "learned"}).mask == "learned-prd"
    assert parse_options(MergeOptions, {"mask": "product"}).mask == "learned-prd*dst-hull"


def test_spaces_do_not_count() -> None:
    assert plain_mask_name(" learned-prd * dst-hull ") == "learned-prd*dst-hull"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("lerned-prd", r"""'lerned-prd' is no mask; known are full.* Did you mean "learned-prd"\?$"""),
        ("learned-prd*", "a name is missing in 'learned-prd\\*'"),
        ("", "a name is missing in ''"),
        ("learned-prd-dst-hull", "is no mask"),
    ],
)
def test_what_is_no_mask_is_refused_with_what_could_be_said(text: str, complaint: str) -> None:
    with pytest.raises(OptionInvalid, match=complaint):
        parse_options(MergeOptions, {"mask": text})
