import json
import os
import pickle
import sys

import cv2
import numpy as np
import pytest

from tests.facesets.exchange import foreign_files as made
from understudy.errors import ExchangeUnreadable
from understudy.events import Notice, Progress, StageFinished
from understudy.faces.align import crop
from understudy.facesets.exchange.importing import import_faces
from understudy.facesets.exchange.options import ImportOptions
from understudy.facesets.exchange.sources import sources_at
from understudy.facesets.store import Faceset
from understudy.geometry import transform_points
from understudy.media.images import decode_image
from understudy.media.opening import open_clip


@pytest.fixture
def aligned(tmp_path):
    return made.dfl_aligned(tmp_path)


@pytest.fixture
def frames(tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    for n in range(5):
        cv2.imwrite(str(folder / f"{n + 1:05d}.png"), made.frame(n)[:, :, ::-1])
    return folder


def run(paths, faceset, *, frames=None, form="auto", forgotten=(), **options):
    clip = open_clip(frames) if frames else None
    try:
        return list(
            import_faces(
                sources_at(paths, form),
                faceset=faceset,
                options=ImportOptions(**options),
                clip=clip,
                clip_name="shot" if frames else "",
                forgotten=forgotten,
            )
        )
    finally:
        if clip:
            clip.close()


def summary(events):
    return next(e.summary for e in events if isinstance(e, StageFinished))


def notices(events):
    return [e.text for e in events if isinstance(e, Notice)]


def test_a_folder_becomes_faces_of_the_same_pixels(aligned, tmp_path):
    with Faceset(tmp_path / "faces") as faceset:
        events = run([aligned], faceset)
        assert summary(events) == {"faces": 3, "imported before": 0, "unreadable": 0}
        assert [e.done for e in events if isinstance(e, Progress)] == [1, 2, 3]
        for n, face in enumerate(faceset.faces()):
            assert (face.record.clip, face.record.frame) == ("data_src", n)
            assert face.record.original_name == f"{n + 1:05d}_0.jpg"
            assert face.record.source_name == f"{n + 1:05d}.png"
            assert face.record.frame_size == (0, 0)
            original = decode_image((aligned / face.record.original_name).read_bytes())
            assert np.array_equal(faceset.image(face), original)


def test_with_its_frames_a_face_knows_its_place(aligned, frames, tmp_path):
    with Faceset(tmp_path / "faces") as faceset:
        run([aligned], faceset, frames=frames)
        face = faceset.faces()[1].record
    assert (face.clip, face.frame, face.frame_size, face.time_s) == ("shot", 1, made.FRAME_SIZE, 0.04)


def test_faces_are_cut_anew_when_asked(aligned, frames, tmp_path):
    with Faceset(tmp_path / "faces") as faceset:
        run([aligned], faceset, frames=frames, recut=True, face_type="whole", size_px=192, image_format="png")
        face = faceset.faces()[2]
        assert (face.record.face_type, face.record.size_px) == ("whole", 192)
        assert np.array_equal(faceset.image(face), crop(made.frame(2), face.record.crop_matrix(), 192))


def test_a_second_import_adds_nothing_and_deleted_faces_stay_deleted(aligned, tmp_path):
    with Faceset(tmp_path / "faces") as faceset:
        run([aligned], faceset)
        faceset.faces()[0].path.unlink()
        faceset.refresh()
        events = run([aligned], faceset)
        assert summary(events) == {"faces": 0, "imported before": 3, "unreadable": 0}
        assert len(faceset) == 2
        assert summary(run([aligned], faceset, again=True))["faces"] == 1
        assert len(faceset) == 3


def test_an_import_goes_on_where_it_was_stopped(aligned, tmp_path):
    with Faceset(tmp_path / "faces") as faceset:
        stream = import_faces(sources_at([aligned], "auto"), faceset=faceset, options=ImportOptions())
        for event in stream:
            if isinstance(event, Progress):
                break
        stream.close()
    journal = tmp_path / "faces" / "imported.jsonl"
    journal.write_bytes(journal.read_bytes()[:-5])  # the line was torn by the kill
    with Faceset(tmp_path / "faces") as faceset:
        assert len(faceset) == 1
        assert summary(run([aligned], faceset)) == {"faces": 2, "imported before": 1, "unreadable": 0}
        assert len(faceset) == 3


def test_bad_files_are_told_counted_and_do_not_stop_the_others(aligned, tmp_path):
    (aligned / "a.jpg").write_bytes(made.jpeg(made.frame(size=(64, 64))))
    (aligned / "b.jpg").write_bytes(b"")
    (aligned / "c.png").write_bytes(made.dfl_png()[:900])
    with Faceset(tmp_path / "faces") as faceset:
        events = run([aligned], faceset)
        assert summary(events) == {"faces": 3, "imported before": 0, "unreadable": 3}
    (told,) = [text for text in notices(events) if "a.jpg" in text]
    assert told.startswith("3 faces could not be taken over: This picture holds no face data")
    assert told.endswith("(a.jpg, b.jpg, c.png)")


def test_one_trouble_of_many_faces_is_told_once(tmp_path):
    path = tmp_path / "alignments.json"
    face = {
        "detected": [100, 80, 200, 180],
        "landmarks_2d": made.faceswap_entry(made.landmarks())["landmarks_xy"],
    }
    path.write_text(json.dumps({f"{n:05d}.png": [face] for n in range(30)}))
    events = []
    with Faceset(tmp_path / "faces") as faceset:
        stream = import_faces(sources_at([path], "auto"), faceset=faceset, options=ImportOptions())
        with pytest.raises(ExchangeUnreadable, match=r"Not one of 30 faces could be read.*--frames"):
            events.extend(stream)
    assert notices(events) == []


def test_a_name_of_ours_counts_only_where_its_frame_is_that_of_the_file(tmp_path):
    (tmp_path / "aligned").mkdir()
    for name in ("talk-000003-2.jpg", "talk-000004-2.jpg"):
        values = made.dfl_values(made.landmarks(yaw=int(name[10])), name="00004.png")
        (tmp_path / "aligned" / name).write_bytes(made.dfl_jpeg(values))
    with Faceset(tmp_path / "faces") as faceset:
        run([tmp_path / "aligned"], faceset)
        found = [(face.record.clip, face.record.frame, face.record.person) for face in faceset.faces()]
    assert sorted(found) == [("talk", 3, 2), (tmp_path.name, 3, 1)]


def test_when_nothing_can_be_read_nothing_is_written(tmp_path):
    (tmp_path / "a.jpg").write_bytes(made.jpeg(made.frame(size=(64, 64))))
    with Faceset(tmp_path / "faces") as faceset:
        with pytest.raises(ExchangeUnreadable, match="Not one of 1"):
            run([tmp_path / "a.jpg"], faceset)
        assert len(faceset) == 0
    assert not (tmp_path / "faces").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such names")
def test_a_file_whose_name_is_no_text_is_told_and_passed_over(aligned, tmp_path):
    (aligned / os.fsdecode(b"\xff_0.jpg")).write_bytes(made.dfl_jpeg())
    with Faceset(tmp_path / "faces") as faceset:
        events = run([aligned], faceset)
        assert summary(events) == {"faces": 3, "imported before": 0, "unreadable": 1}
    assert any(text.startswith("?_0.jpg: ") for text in notices(events))


def test_several_faces_of_one_frame_and_faces_of_other_imports_stay_apart(tmp_path):
    (tmp_path / "aligned").mkdir()
    for n in range(2):
        values = made.dfl_values(made.landmarks(yaw=n * 20), name="00001.png")
        (tmp_path / "aligned" / f"00001_{n}.jpg").write_bytes(made.dfl_jpeg(values))
    other = made.dfl_values(made.landmarks(yaw=-20), name="00001.png")
    (tmp_path / "aligned" / "00001_0.png").write_bytes(made.dfl_png(other))
    with Faceset(tmp_path / "faces") as faceset:
        run([tmp_path / "aligned"], faceset)
        assert sorted(face.record.person for face in faceset.faces()) == [1, 1, 2]


def test_people_in_folders_and_meta_dat_are_respected(tmp_path):
    folder = tmp_path / "aligned" / "anna"
    folder.mkdir(parents=True)
    values = made.dfl_values()
    edited = made.jpeg(made.frame(size=(256, 256)))  # enlarged by an editor, which dropped the data
    (folder / "00012_0.jpg").write_bytes(edited)
    (folder / "meta.dat").write_bytes(pickle.dumps({"00012_0.jpg": ((128, 128, 3), values)}))
    with Faceset(tmp_path / "faces") as faceset:
        run([tmp_path / "aligned"], faceset)
        (face,) = faceset.faces()
    assert (face.record.person_name, face.record.size_px) == ("anna", 256)
    in_crop = transform_points(face.record.crop_matrix(), face.record.landmarks())
    assert np.abs(in_crop / 2 - 0.5 - values["landmarks"]).max() < 0.1


def test_a_pak_is_imported_as_its_pictures_would_be(tmp_path):
    values = made.dfl_values()
    (tmp_path / "faceset.pak").write_bytes(
        made.pak([made.pak_config("00012_0.jpg", values, person_name="anna")], [made.dfl_jpeg(values)])
    )
    with Faceset(tmp_path / "faces") as faceset:
        run([tmp_path / "faceset.pak"], faceset)
        (face,) = faceset.faces()
    assert (face.record.person_name, face.record.frame) == ("anna", 11)


@pytest.mark.parametrize("kind", ["fsa", "json"])
def test_alignments_are_cut_from_their_frames(kind, frames, tmp_path):
    entry = made.faceswap_entry(made.landmarks(10))
    keys = ["00002.png", "00004.png", "nowhere.png"]
    path = tmp_path / f"alignments.{kind}"
    if kind == "fsa":
        path.write_bytes(made.fsa({key: {"faces": [entry], "video_meta": {}} for key in keys}))
    else:
        face = {"detected": [100, 80, 200, 180], "landmarks_2d": entry["landmarks_xy"]}
        path.write_text(json.dumps({key: [face] for key in keys}))
    with Faceset(tmp_path / "faces") as faceset:
        events = run([path], faceset, frames=frames)
        assert summary(events) == {"faces": 2, "imported before": 0, "unreadable": 1}
        assert [face.record.frame for face in faceset.faces()] == [1, 3]
        face = faceset.faces()[0]
        assert np.abs(face.record.landmarks() - 0.5 - made.landmarks(10)).max() < 0.1
        again = crop(made.frame(1), face.record.crop_matrix(), 256)
        assert np.abs(faceset.image(face).astype(int) - again).mean() < 3
        with pytest.raises(ExchangeUnreadable, match="--frames"):
            run([path], faceset)


def test_a_face_picture_of_faceswap_is_kept_and_with_frames_cut_exactly(frames, tmp_path):
    picture = tmp_path / "00003_0.png"
    picture.write_bytes(made.faceswap_png(name="00003.png"))
    with Faceset(tmp_path / "kept") as faceset:
        events = run([picture], faceset)
        assert np.array_equal(faceset.image(faceset.faces()[0]), decode_image(picture.read_bytes()))
        assert any("estimated" in text for text in notices(events))
    with Faceset(tmp_path / "cut") as faceset:
        run([picture], faceset, frames=frames)
        assert faceset.faces()[0].record.face_type == "full"


def test_a_face_without_a_frame_says_that_it_can_not_be_merged(tmp_path):
    (tmp_path / "a_0.jpg").write_bytes(made.dfl_jpeg(made.dfl_values(source_landmarks=None)))
    with Faceset(tmp_path / "faces") as faceset:
        events = run([tmp_path / "a_0.jpg"], faceset)
        assert faceset.faces()[0].record.frame_size == (128, 128)
    assert any("not merged" in text for text in notices(events))


def test_masks_too_fine_for_a_file_lose_detail_and_nothing_else(tmp_path):
    rough = np.random.default_rng(0).integers(0, 256, (256, 256)).astype(np.uint8)
    (tmp_path / "a_0.png").write_bytes(
        made.dfl_png(made.dfl_values(xseg_mask=np.frombuffer(made.png(rough), np.uint8)))
    )
    with Faceset(tmp_path / "faces") as faceset:
        events = run([tmp_path / "a_0.png"], faceset)
        record = faceset.faces()[0].record
    assert any("coarser" in text for text in notices(events))
    mask = record.masks["xseg"]
    assert mask.size_px == 128
    in_mask = transform_points(mask.mask_from_frame, record.landmarks())
    in_crop = transform_points(record.crop_matrix(), record.landmarks())
    assert np.abs(in_mask - in_crop).max() < 0.01


@pytest.mark.parametrize("first", [0, 1])
def test_frames_counted_from_0_are_not_mixed_and_that_is_said(tmp_path, first):
    folder = tmp_path / "shot"
    folder.mkdir()
    for n in range(3):
        name = f"{first + n:05d}.png"
        values = made.dfl_values(made.landmarks(yaw=n * 10), name=name)
        # the lowest number comes last, when the others could be stored already
        (folder / f"{9 - n}.jpg").write_bytes(made.dfl_jpeg(values))
    with Faceset(tmp_path / "faces") as faceset:
        events = run([folder], faceset)
        found = {face.record.source_name: face.record.frame for face in faceset.faces()}
    assert found == {f"{first + n:05d}.png": n for n in range(3)}
    assert [text for text in notices(events) if "counted from 0" in text] == (
        ["A frame has the number 0, so all frames of this import were counted from 0."] if first == 0 else []
    )
