"""Our assertion comes back as it was written, and anything else in its place is no assertion of ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.provenance.material import facts_for
from understudy.provenance.recast import LABEL, LearntClip, recast_in
from understudy.provenance.sign import PaintingModel, SourceClip, recast_of
from understudy.provenance.words import about_recast


@pytest.fixture
def assertion(clips: dict[str, Path]) -> dict[str, Any]:
    """The assertion of a whole recast."""
    return recast_of(facts_for(clips["mp4"])).for_manifest()


def test_what_is_written_comes_back(clips: dict[str, Path], assertion: dict[str, Any]) -> None:
    manifest = {"assertions": [{"label": "c2pa.actions.v2"}, {"label": LABEL, "data": assertion}]}
    assert recast_in(manifest) == recast_of(facts_for(clips["mp4"]))


def test_every_model_of_a_cast_is_in_the_marks_and_told(clips: dict[str, Path]) -> None:
    facts = replace(facts_for(clips["mp4"]), more_models=[PaintingModel("anna", "a" * 64, 1200)])
    recast = recast_of(facts)
    assert recast_in({"assertions": [{"label": LABEL, "data": recast.for_manifest()}]}) == recast
    assert [model.name for model in recast.more_models] == ["anna"]
    assert any("anna" in sentence and "1,200" in sentence for sentence in about_recast(recast))


def test_footage_that_was_painted_into_instead_of_dst_is_in_the_marks_and_told(clips: dict[str, Path]) -> None:
    facts = replace(facts_for(clips["mp4"]), plate=SourceClip(Path("interview.mp4"), "b" * 64))
    recast = recast_of(facts)
    assert recast_in({"assertions": [{"label": LABEL, "data": recast.for_manifest()}]}) == recast
    assert any("frames are those of interview.mp4" in sentence for sentence in about_recast(recast))
    assert not any(
        "frames are those" in sentence for sentence in about_recast(recast_of(facts_for(clips["mp4"])))
    )


def test_clips_of_a_fictional_performer_are_said_to_be_so_and_keep_their_hash(clips: dict[str, Path]) -> None:
    mira, wall = LearntClip(name="mira.mov", sha256="a" * 64, performer="src"), LearntClip(name="wall.mov")
    recast = recast_of(replace(facts_for(clips["mp4"]), src=[mira], also_learnt=[wall]))
    told = recast.for_manifest()
    assert told["src"][0]["fictional"] and not told["also_learnt"][0]["fictional"]
    read = recast_in({"assertions": [{"label": LABEL, "data": told}]})
    assert read is not None and "mira.mov (rendered people) [sha256 aaaaaaaaaaaa…]" in about_recast(read)[0]


def test_a_model_that_learnt_from_more_than_is_known_is_said_to(clips: dict[str, Path]) -> None:
    facts = facts_for(clips["mp4"])
    whole, more = (recast_of(replace(facts, learnt_whole=known)) for known in (True, False))
    assert (whole.learnt_whole, more.learnt_whole) == (True, False)
    assert about_recast(whole) != about_recast(more)


def test_a_newer_writer_may_say_more(assertion: dict[str, Any]) -> None:
    newer = {**assertion, "version": 2, "watermark": "a1b2"}
    assert recast_in({"assertions": [{"label": LABEL, "data": newer}]}) is not None


@pytest.mark.parametrize("data", [None, [], "text", {}, {"title": 3}])
def test_another_shape_is_no_recast(data: object) -> None:
    assert recast_in({"assertions": [{"label": LABEL, "data": data}]}) is None
    assert recast_in({}) is None
