"""Each rule about faces speaks where its numbers are bad, and is silent where all is well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.jobs.advice.facts import facts, model, said
from understudy.jobs.advice import faces

ALL = (
    faces.few_faces,
    faces.too_many_faces,
    faces.gaps,
    faces.blurred_faces,
    faces.strangers,
    faces.several_in_dst,
    faces.guessed_places,
    faces.one_sided_light,
    faces.wider_face,
    faces.lopsided_counts,
    faces.open_eyes,
)


@pytest.mark.parametrize("rule", ALL)
def test_where_all_is_well_no_rule_speaks(rule) -> None:
    assert said(rule, facts()) == []


SOME = np.arange(1200) < 100


@pytest.mark.parametrize(
    "rule, spoilt, number, command",
    [
        (faces.few_faces, {"src": {"count": 40}}, "40 faces", "add project --src"),
        (
            faces.too_many_faces,
            {"src": {"count": 4000}},
            "4000 faces",
            "faceset keep project src/main --sort final",
        ),
        (faces.gaps, {"dst": {"yaw_deg": 75.0}}, "75° right in 400 frames", "add project"),
        (faces.gaps, {"dst": {"brightness": 0.1}}, "10 %", "train project --relight 1"),
        (
            faces.blurred_faces,
            {"src": {"sharpness": np.where(SOME, 0.1, 0.5)}},
            "100 faces",
            '--where "sharpness < 0.2',
        ),
        (faces.strangers, {"src": {"person": np.where(SOME, 2, 1)}}, "100 faces", '--where "person > 1"'),
        (faces.several_in_dst, {"dst": {"faces_in_frame": 2}}, "400 of dst's 400", "tracks project"),
        (faces.guessed_places, {"src": {"filled": SOME}}, "100 of src's 1200", '--where "filled"'),
        (faces.one_sided_light, {"dst": {"light_side": 0.4}}, "right: that side is 40%", "--relight 1"),
        (faces.one_sided_light, {"dst": {"light_side": -0.4}}, "left: that side is 40%", "--relight 1"),
        (faces.wider_face, {"src": {"width": 1.54}}, "10% wider", "--src-scale -5"),
    ],
)
def test_a_rule_speaks_of_what_is_wrong_with_its_number_and_a_command(
    rule, spoilt: dict[str, Any], number: str, command: str
) -> None:
    advice, *_ = said(rule, facts(**spoilt))
    assert number in advice.seen
    assert command in advice.command


def test_a_faceset_whose_name_has_a_blank_is_quoted_in_commands() -> None:
    found = facts(src={"count": 4000})
    named = replace(found, src=replace(found.src, sets={"mira l/close ups": 4000}))
    (advice,) = said(faces.too_many_faces, named)
    assert "keep project 'mira l/close ups' --sort" in advice.command


def test_every_faceset_that_has_such_faces_gets_its_command() -> None:
    many = facts(src={"count": 4000})
    several = replace(many, src=replace(many.src, sets={"src/main": 3000, "src/far": 1000}))
    (advice,) = said(faces.too_many_faces, several)
    assert advice.command == (
        "understudy faceset keep project src/main --sort final --limit 1125 && "
        "understudy faceset keep project src/far --sort final --limit 375"
    )
    blurred = facts(src={"sharpness": np.where(SOME, 0.1, 0.5)})
    several = replace(blurred, src=replace(blurred.src, sets={"src/a": 50, "src/b": 600, "src/c": 550}))
    (advice,) = said(faces.blurred_faces, several)
    first, second = advice.command.split(" && ")
    assert "faceset reject project src/a --where" in first and "faceset reject project src/b --where" in second


def test_a_few_blurred_faces_or_a_narrower_src_are_no_reason() -> None:
    few = np.where(np.arange(1200) < 4, 0.1, 0.5)
    assert said(faces.blurred_faces, facts(src={"sharpness": few})) == []
    assert said(faces.wider_face, facts(src={"width": 1.2})) == []
    assert said(faces.wider_face, facts(src={"width": float("nan")})) == []


def test_light_that_src_has_from_either_side_is_no_reason() -> None:
    lit = facts(src={"light_side": np.linspace(0, 0.5, 1200)}, dst={"light_side": -0.4})
    assert said(faces.one_sided_light, lit) == []


def test_far_more_src_faces_matter_to_networks_that_share_everything() -> None:
    lopsided = {"dst": {"count": 100}}
    assert said(faces.lopsided_counts, facts(**lopsided)) == []
    (advice,) = said(faces.lopsided_counts, facts(**lopsided, model=model(architecture="liaef128")))
    assert "12.0 times" in advice.seen and "--pose-pairing 1" in advice.command
    paired = model(architecture="liaef128", options={"pose_pairing": 1.0})
    assert said(faces.lopsided_counts, facts(**lopsided, model=paired)) == []
    assert said(faces.lopsided_counts, facts(**lopsided, model=None)) == []


def test_blinks_of_dst_that_src_hardly_makes_are_told_until_training_closes_eyes() -> None:
    blinks = {"eyes_open": np.where(np.arange(400) < 12, 0.01, 0.05)}
    stares = {"eyes_open": np.where(np.arange(1200) < 12, 0.01, 0.06)}
    (advice,) = said(faces.open_eyes, facts(src=stares, dst=blinks))
    assert "12 of 400 faces" in advice.seen and "12 of 1200" in advice.seen
    assert "--random-blink 0.2" in advice.command
    closing = model(options={"random_blink": 0.3})
    assert said(faces.open_eyes, facts(src=stares, dst=blinks, model=closing)) == []
    assert said(faces.open_eyes, facts(src=stares, dst={"eyes_open": 0.05})) == []
    asleep = {"eyes_open": np.where(np.arange(1200) < 300, 0.01, 0.06)}
    assert said(faces.open_eyes, facts(src=asleep, dst=blinks)) == []
    as_often = {"eyes_open": np.where(np.arange(1200) < 36, 0.01, 0.06)}
    assert said(faces.open_eyes, facts(src=as_often, dst=blinks)) == []
    assert said(faces.open_eyes, facts(src=stares, dst=blinks, model=model(architecture="avatar"))) == []


def test_the_fewer_faces_the_weightier_the_advice() -> None:
    none, some = (said(faces.few_faces, facts(src={"count": count}))[0].weight for count in (30, 200))
    assert none > some
