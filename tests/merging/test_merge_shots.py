"""A merge with several models, settings per range, and only some frames asked for: what is made, counted."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.merging.conftest import Painter, drawn_frame, landmarks, record
from understudy.errors import CastInvalid, DiskFull, OptionInvalid, ProjectInvalid
from understudy.events import Notice, StageFinished
from understudy.facesets.store import Faceset
from understudy.files import said_plainly
from understudy.media.images import encode_png, read_image
from understudy.merging import stream
from understudy.merging.cast import Cast
from understudy.merging.frame_ranges import parse_frames
from understudy.merging.journal import is_complete, merge_facts
from understudy.merging.merge import merge
from understudy.merging.options import MergeOptions
from understudy.merging.pictures import MergedFrame
from understudy.merging.plan import Wanted
from understudy.merging.settings_over_time import FrameRange, KeyFrame, SettingsOverTime

MakeFaceset = Callable[[dict[int, list[np.ndarray]]], Faceset]
PLAIN = MergeOptions(color="none", steady_frames=0, steady_face=0, steady_mask=0, mask="dst-hull")
RED, GREEN = (230, 51, 51), (51, 230, 51)


@pytest.fixture
def one_face(movie: Path, faceset: MakeFaceset, tmp_path: Path):
    """Merge a clip with one face in all eight frames; gives the summary."""
    faces = faceset({frame: [landmarks()] for frame in range(8)})

    def run(options: MergeOptions | SettingsOverTime = PLAIN, *, predictor=None, said_to=None, **more) -> dict:
        events = list(
            merge(
                movie,
                faces=faces,
                predictor=predictor or Painter(),
                folder=tmp_path / "merged",
                options=options,
                **more,
            )
        )
        if said_to is not None:
            said_to += [event.text for event in events if isinstance(event, Notice)]
        assert isinstance(events[-1], StageFinished)
        return events[-1].summary

    return run


def with_range(text: str, **values) -> SettingsOverTime:
    return SettingsOverTime(PLAIN, ranges=[FrameRange(parse_frames(text), values)])


def test_a_new_range_makes_its_own_frames_again_and_no_others(one_face, tmp_path: Path) -> None:
    one_face()
    before = {path.name: path.read_bytes() for path in (tmp_path / "merged").glob("*.png")}
    assert one_face(with_range("2:4", erode=0.1))["made_now"] == 3
    after = {path.name: path.read_bytes() for path in (tmp_path / "merged").glob("*.png")}
    assert sorted(name for name in after if after[name] != before[name]) == [
        "000002.png",
        "000003.png",
        "000004.png",
    ]
    assert one_face(with_range("2:4", erode=0.1))["made_now"] == 0


def test_a_key_frame_that_moves_makes_only_the_frames_again_whose_values_change(one_face) -> None:
    keys = [KeyFrame(0, {"erode": 0.0}, "linear"), KeyFrame(3, {"erode": 0.1}, "linear")]
    one_face(SettingsOverTime(PLAIN, keys=keys))
    more = [*keys, KeyFrame(6, {"erode": 0.2}, "hold")]
    assert one_face(SettingsOverTime(PLAIN, keys=more))["made_now"] == 4, "frames 4 to 7"


def test_only_the_frames_asked_for_are_made_and_the_rest_is_missing(one_face, tmp_path: Path) -> None:
    summary = one_face(wanted=Wanted(parse_frames("1:2,6")))
    assert sorted(path.stem for path in (tmp_path / "merged").glob("*.png")) == ["000001", "000002", "000006"]
    assert summary["made_now"] == 3
    assert {entry["reason"] for entry in summary["unswapped"]} == {"not merged yet"}
    assert not is_complete(tmp_path / "merged")
    with pytest.raises(ProjectInvalid, match=r"frames 0,3:5,7 are not merged yet.*deliver frames 1:2 alone"):
        merge_facts(tmp_path / "merged")
    assert one_face()["made_now"] == 5
    assert is_complete(tmp_path / "merged")


def test_options_tried_on_a_few_frames_leave_the_clip_whole(one_face, tmp_path: Path) -> None:
    one_face()
    frames = parse_frames("3")
    tried = SettingsOverTime(PLAIN, said={"erode": 0.2}, said_for=frames)
    assert one_face(tried, wanted=Wanted(frames))["made_now"] == 1
    assert is_complete(tmp_path / "merged"), "the other frames are as the project says"
    assert one_face()["made_now"] == 1, "a merge without them takes the trial back"


@pytest.mark.parametrize("kept", [False, True])
def test_frames_that_are_steadied_with_a_range_are_made_with_it_and_the_clip_is_whole(
    one_face, tmp_path: Path, kept: bool
) -> None:
    def pictures() -> dict[int, bytes]:
        return {int(path.stem): path.read_bytes() for path in (tmp_path / "merged").glob("*.png")}

    steady, frames, told = PLAIN.changed(steady_mask=2), parse_frames("3:4"), []
    ranged = (
        SettingsOverTime(steady, ranges=[FrameRange(frames, {"mask": "learned-dst"})])
        if kept
        else SettingsOverTime(steady, said={"mask": "learned-dst"}, said_for=frames)
    )
    one_face(steady)
    before = pictures()
    one_face(ranged, wanted=Wanted(frames), dry_run=True, said_to=told)
    assert told == ["6 frames would be made (1:6). Why: frames near it changed: 4; its settings changed: 2."]
    assert one_face(ranged, wanted=Wanted(frames))["made_now"] == 6
    after = pictures()
    assert is_complete(tmp_path / "merged") and merge_facts(tmp_path / "merged").swapped == 8
    assert after[3] != before[3] and all(after[frame] == before[frame] for frame in (0, 7))
    assert one_face(ranged)["made_now"] == 0, "a merge of the whole clip has nothing to add"
    assert one_face(steady)["made_now"] == 6 and pictures() == before, "and takes it back with its neighbours"


def test_a_merge_of_some_frames_begins_nothing_beside_them_and_mends_nothing_elsewhere(
    one_face, tmp_path: Path
) -> None:
    steady = PLAIN.changed(steady_mask=2)
    assert one_face(steady, wanted=Wanted(parse_frames("3:4")))["made_now"] == 2
    one_face(steady)
    masked = SettingsOverTime(steady, said={"mask": "learned-dst"}, said_for=parse_frames("0"))
    assert one_face(masked, wanted=Wanted(parse_frames("0")))["made_now"] == 3
    eroded = SettingsOverTime(steady, said={"erode": 0.1}, said_for=parse_frames("5:6"))
    assert one_face(eroded, wanted=Wanted(parse_frames("5:6")))["made_now"] == 2, "0 to 2 are far from them"
    with pytest.raises(ProjectInvalid, match=r"this clip, frames 0:2 are to be merged again\. .*frames 3:7"):
        merge_facts(tmp_path / "merged")


def test_changed_makes_again_what_was_made_before_and_starts_nothing(one_face) -> None:
    one_face(wanted=Wanted(parse_frames("0:3")))
    assert one_face(with_range("2:6", erode=0.1), wanted=Wanted(changed=True))["made_now"] == 2


def test_a_dry_run_counts_with_reasons_and_touches_nothing(one_face, tmp_path: Path) -> None:
    folder, told = tmp_path / "merged", []
    assert one_face(dry_run=True)["why"] == {"not merged yet": 8}
    assert not folder.exists()
    one_face()
    (folder / "000007.png").unlink()
    before = {path.name: path.read_bytes() for path in folder.rglob("*.*")}
    summary = one_face(with_range("2:4", erode=0.1), dry_run=True, said_to=told)
    assert summary["to_make"] == [2, 3, 4, 7] and summary["up_to_date"] == 4
    assert summary["why"] == {"its settings changed": 3, "its picture is gone": 1}
    assert {path.name: path.read_bytes() for path in folder.rglob("*.*")} == before
    assert "4 frames would be made (2:4,7). Why: its settings changed: 3" in told[0]


def test_a_dry_run_names_the_options_that_changed_since(one_face) -> None:
    one_face()
    told: list[str] = []
    summary = one_face(PLAIN.changed(erode=0.1, light_size=0.5), dry_run=True, said_to=told)
    assert summary["options_changed"] == {"erode": [0.02, 0.1]}, "the other one does nothing without a transfer"
    assert "erode (0.02 before, 0.1 now)" in told[-1]
    assert one_face(dry_run=True, said_to=(nothing := []))["options_changed"] == {}
    assert nothing == [], "where nothing is left to do, the stage's last words say so"


def test_frames_outside_the_clip_are_refused_before_anything_is_done(one_face, tmp_path: Path) -> None:
    for said in ({"wanted": Wanted([range(6, 9)])}, {"options": with_range("6:8", erode=0.1)}):
        with pytest.raises(OptionInvalid, match="0 to 7"):
            one_face(**said)
    assert not (tmp_path / "merged").exists()


def test_a_model_that_cannot_blend_says_so_before_older_frames_are_forgotten(one_face, tmp_path: Path) -> None:
    one_face()
    with pytest.raises(OptionInvalid, match="does not blend"):
        one_face(with_range("2", morph=0.5))
    assert one_face()["made_now"] == 0


def test_the_share_of_src_may_change_over_time(one_face, tmp_path: Path) -> None:
    class Blends(Painter):
        blends = True

        def blend(self, morph: float) -> None:
            asked.append(morph)
            self.rgb = np.array([morph, 0.2, 0.2], np.float32)

    asked: list[float] = []
    keys = [KeyFrame(0, {"morph": 0.2}, "linear"), KeyFrame(7, {"morph": 0.9}, "hold")]
    one_face(SettingsOverTime(PLAIN, keys=keys), predictor=Blends())
    reds = [int(read_image(tmp_path / "merged" / f"{frame:06d}.png")[50, 60, 0]) for frame in range(8)]
    assert reds == sorted(reds) and abs(reds[0] - 51) <= 2 and abs(reds[7] - 230) <= 2
    assert len(set(asked)) == 8


@pytest.fixture
def two_people(movie: Path, tmp_path: Path):
    """Merge a clip with two faces beside each other, person 1 on the left, in all frames."""
    store = Faceset(tmp_path / "two")
    left, right = landmarks(34, width_px=20), landmarks(94, width_px=20)
    for frame in range(8):
        for person, points in ((1, left), (2, right)):
            store.add(
                np.zeros((16, 16, 3), np.uint8),
                record(frame, points, person=person, track=person + 4 * (frame // 4)),
            )

    def run(cast: Cast, options: MergeOptions | SettingsOverTime = PLAIN) -> tuple[dict, np.ndarray]:
        folder = tmp_path / "cast"
        *_, finished = merge(movie, faces=store, predictor=cast, folder=folder, options=options)
        return finished.summary, read_image(folder / "000002.png")

    return run


def near(pixel: np.ndarray, rgb: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixel.astype(int) - rgb).max() <= 4)


def test_each_person_is_painted_by_the_model_the_cast_gives_them(two_people, tmp_path: Path) -> None:
    lead, other = Painter(), Painter((0.2, 0.9, 0.2), sha256="1" * 64)
    other.name = "anna"
    summary, frame = two_people(Cast(lead, {"person 2": other}))
    assert near(frame[50, 34], RED) and near(frame[50, 94], GREEN)
    assert (lead.painted, other.painted) == (8, 8) and summary["swapped"] == 8
    facts = merge_facts(tmp_path / "cast")
    assert [(model.name, model.sha256[0]) for model in facts.models] == [("painter", "0"), ("anna", "1")]


def test_a_track_given_to_another_model_makes_its_own_frames_again_alone(two_people) -> None:
    lead, other = Painter(), Painter((0.2, 0.9, 0.2), sha256="1" * 64)
    two_people(Cast(lead))
    summary, frame = two_people(Cast(lead, {"track 6": other}))
    assert summary["made_now"] == 4, "person 2 plays track 6 from frame 4 on"
    assert other.painted == PLAIN.batch, "one batch, filled up"
    assert near(frame[50, 94], RED)


def test_of_two_faces_that_overlap_the_nearer_lies_above_whoever_paints_it(movie: Path, tmp_path: Path) -> None:
    faces = Faceset(tmp_path / "overlap")
    for person, (x, width) in enumerate(((50, 30), (66, 18)), start=1):
        faces.add(np.zeros((16, 16, 3), np.uint8), record(0, landmarks(x, width_px=width), person=person))
    red, green = Painter(), Painter((0.2, 0.9, 0.2), sha256="1" * 64)
    for near_one, cast in ((RED, Cast(red, {"person 2": green})), (GREEN, Cast(green, {"person 2": red}))):
        list(merge(movie, faces=faces, predictor=cast, folder=tmp_path / "m", options=PLAIN))
        assert near(read_image(tmp_path / "m" / "000000.png")[50, 58], near_one)


def test_a_face_that_could_not_be_painted_is_named_by_person_and_track(movie: Path, tmp_path: Path) -> None:
    faces = Faceset(tmp_path / "away")
    for person, x in ((1, 60), (2, -300)):
        faces.add(np.zeros((16, 16, 3), np.uint8), record(1, landmarks(x), person=person, track=person + 2))
    *_, finished = merge(movie, faces=faces, predictor=Painter(), folder=tmp_path / "m", options=PLAIN)
    assert finished.summary["partly"] == [
        {"frame": 1, "reason": "person 2 (track 4): the face lies outside the frame"}
    ]


def test_a_part_has_settings_of_its_own(two_people) -> None:
    lead = Painter()
    settings = SettingsOverTime(PLAIN, parts={"person 2": {"erode": 0.3, "blur": 0.0}})
    _, plain = two_people(Cast(lead))
    summary, frame = two_people(Cast(lead, {"person 2": lead}), settings)
    np.testing.assert_array_equal(frame[:, :64], plain[:, :64])
    assert (frame[:, 64:] != plain[:, 64:]).any() and summary["made_now"] == 8


def test_a_face_without_a_model_stops_the_merge_before_it_begins(two_people, tmp_path: Path) -> None:
    with pytest.raises(CastInvalid, match="person 1"):
        two_people(Cast(None, {"person 2": Painter()}))
    assert not (tmp_path / "cast").exists()


def test_models_with_other_sizes_paint_side_by_side(two_people) -> None:
    class Small(Painter):
        size_px = 16
        face_type = "whole"

        def predict(self, crops_NHWC: np.ndarray):
            assert crops_NHWC.shape[1:] == (16, 16, 3)
            made = super().predict(np.zeros((len(crops_NHWC), 32, 32, 3), np.uint8))
            return type(made)(
                made.rgb_NHWC[:, ::2, ::2], made.mask_NHW[:, ::2, ::2], made.dst_mask_NHW[:, ::2, ::2]
            )

    _, frame = two_people(Cast(Painter(), {"person 2": Small((0.2, 0.9, 0.2), sha256="1" * 64)}))
    assert near(frame[50, 34], RED) and near(frame[50, 94], GREEN)


def test_a_mask_of_another_kind_in_the_next_range_does_not_mix_in(one_face, tmp_path: Path) -> None:
    steady = PLAIN.changed(steady_mask=3)
    ranges = [FrameRange(parse_frames("4:"), {"mask": "full"})]
    one_face(steady, wanted=Wanted(parse_frames("0:3")))
    alone = [(tmp_path / "merged" / f"{frame:06d}.png").read_bytes() for frame in range(4)]
    one_face(SettingsOverTime(steady, ranges=ranges))
    assert [(tmp_path / "merged" / f"{frame:06d}.png").read_bytes() for frame in range(4)] == alone


def test_colours_are_never_steadied_across_a_cut(faceset: MakeFaceset, tmp_path: Path) -> None:
    movie = tmp_path / "still"
    movie.mkdir()
    for frame in range(8):
        (movie / f"{frame}.png").write_bytes(encode_png(drawn_frame(0)))
    faces = faceset({frame: [landmarks(46 + 4 * frame)] for frame in range(8)})
    options = MergeOptions(color="rct", steady_frames=3, mask="dst-hull")

    def made(folder: str, **more) -> list[bytes]:
        list(merge(movie, faces=faces, predictor=Painter(), folder=tmp_path / folder, options=options, **more))
        return [path.read_bytes() for path in sorted((tmp_path / folder).glob("*.png"))]

    cut = made("cut", shots=[4])
    whole = made("whole")
    changed = [k for k in range(8) if cut[k] != whole[k]]
    assert 3 in changed and 4 in changed and 7 not in changed
    alone = made("alone", wanted=Wanted(parse_frames("4:7")), shots=[4])
    assert alone == cut[4:]


def test_a_disk_that_is_full_in_the_middle_says_so_and_what_is_finished_is_kept(
    one_face, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = stream.write_merged

    def fills_up(folder: Path, frame: int, merged: MergedFrame) -> None:
        if frame >= 4:
            with said_plainly(folder):
                raise OSError(errno.ENOSPC, "No space left on device")
        whole(folder, frame, merged)

    monkeypatch.setattr(stream, "write_merged", fills_up)
    with pytest.raises(DiskFull, match="run the same command again"):
        one_face(PLAIN.changed(batch=1))
    monkeypatch.setattr(stream, "write_merged", whole)
    kept = sorted(int(path.stem) for path in (tmp_path / "merged").glob("*.png"))
    assert kept == [0, 1, 2, 3]
    assert one_face(PLAIN)["made_now"] == 4


@pytest.mark.parametrize(
    "edit",
    [
        lambda state: state["merged"].update({"2": 7}),
        lambda state: state["merged"].update({"two": "x"}),
        lambda state: state.update(merged=[1, 2]),
        lambda state: state.update(partly=[{"frame": "x"}]),
        lambda state: state.update(refused={"3": "no"}),
        lambda state: state.pop("complete"),
    ],
)
def test_a_journal_edited_by_hand_never_gives_a_wrong_picture(one_face, tmp_path: Path, edit) -> None:
    one_face()
    before = {path.name: path.read_bytes() for path in (tmp_path / "merged").glob("*.png")}
    path = tmp_path / "merged" / "merge.json"
    state = json.loads(path.read_text())
    edit(state)
    path.write_text(json.dumps(state))
    assert one_face()["swapped"] == 8
    assert {path.name: path.read_bytes() for path in (tmp_path / "merged").glob("*.png")} == before
    assert is_complete(tmp_path / "merged")


def test_a_clip_without_any_face_is_told(movie: Path, tmp_path: Path) -> None:
    told = [
        event.text
        for event in merge(
            movie, faces=Faceset(tmp_path / "none"), predictor=Painter(), folder=tmp_path / "m", options=PLAIN
        )
        if isinstance(event, Notice)
    ]
    assert len(told) == 1 and "no face" in told[0].lower() and "understudy extract" in told[0]


def test_layers_that_are_no_longer_kept_go_away_and_nothing_is_painted(one_face, tmp_path: Path) -> None:
    folder = tmp_path / "merged"
    one_face(PLAIN.changed(layers="all"))
    before = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    told: list[str] = []
    assert one_face(PLAIN.changed(layers="mask"), dry_run=True, said_to=told)["to_make"] == []
    assert any("8 frames would stay" in text for text in told)
    assert one_face(PLAIN.changed(layers="mask"))["made_now"] == 0
    assert len(list((folder / "masks").iterdir())) == 8 and not list((folder / "faces").iterdir())
    assert one_face(PLAIN.changed(layers="none"))["made_now"] == 0
    assert not list((folder / "masks").iterdir())
    assert {path.name: path.read_bytes() for path in folder.glob("*.png")} == before
    assert one_face(PLAIN.changed(layers="mask"))["made_now"] == 8, "what was not kept has to be painted"


def test_frames_whose_layers_are_kept_are_counted_as_such(one_face) -> None:
    assert one_face(PLAIN.changed(mode="raw-layers"))["layers_kept"] == 8
    assert "layers_kept" not in one_face(PLAIN)
