import base64
import json
import pickle
import struct
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.facesets.exchange import foreign_files as made
from tests.facesets.exchange.test_importing import run
from understudy.errors import ExchangeRefused, FacesetUnusable
from understudy.events import Notice, Progress, StageFinished
from understudy.faces.align import crop
from understudy.facesets.exchange import dfl_carriers
from understudy.facesets.exchange.adopting import kept
from understudy.facesets.exchange.dfl import read_face
from understudy.facesets.exchange.dfl_carriers import MOST_DATA_BYTES, carried, with_data
from understudy.facesets.exchange.dfl_writing import dfl_values, shrunk
from understudy.facesets.exchange.exporting import Footage, export_faces
from understudy.facesets.exchange.foreign import ForeignFace, ForeignMask, ForeignPolygon
from understudy.facesets.exchange.importing import import_faces
from understudy.facesets.exchange.options import ExportOptions, ImportOptions
from understudy.facesets.exchange.places import place_without_clip
from understudy.facesets.exchange.sources import sources_at
from understudy.facesets.face_mask import chosen_mask
from understudy.facesets.store import Faceset
from understudy.geometry import crop_from_frame, inverse, transform_points
from understudy.media.images import decode_image, encode_jpeg, encode_png
from understudy.media.opening import open_clip

CORNERS = np.array([[150.0, 100.0], [180.0, 105.0], [170.0, 140.0]])


def our_face(
    points,
    *,
    face_type="full",
    size_px=128,
    name="00012_0.jpg",
    person_name="anna",
    seed=0,
    ending="jpg",
    **more,
):
    """A face as an import or an extraction would have made it: with a mask and polygons."""
    matrix = crop_from_frame(points, face_type=face_type, size_px=size_px)
    picture = crop(made.frame(seed), matrix, size_px)
    grey = np.zeros((256, 256), np.uint8)
    cv2.ellipse(grey, (128, 120), (80, 100), 20, 0, 360, 255, -1)
    encoded = encode_png(picture) if ending == "png" else encode_jpeg(picture)
    face = ForeignFace(
        name=name,
        source_name=more.pop("source_name", "00012.png"),
        landmarks_68=points,
        box_xyxy=(100, 60, 210, 180),
        image=encoded,
        size_px=size_px,
        crop_from_frame=matrix,
        face_type=face_type,
        frame_size=made.FRAME_SIZE,
        polygons=[ForeignPolygon(True, CORNERS), ForeignPolygon(False, CORNERS + 5)],
        masks={"xseg": ForeignMask(grey, matrix * (256 / size_px))},
        brows_up=0.5,
        person_name=person_name,
        **more,
    )
    return kept(face, place_without_clip(face.source_name, name, made.FRAME_SIZE), clip="shot")


def stored(folder, *faces) -> Faceset:
    faceset = Faceset(folder)
    for adopted in faces:
        faceset.add_encoded(adopted.data, adopted.record, adopted.ending, replace_same=False)
    return faceset


def write(faceset, out, form, *, footage=None, **options):
    known = footage or Footage("shot.mp4", True, None)
    return list(
        export_faces(faceset, out, form=form, options=ExportOptions(**options), footage=lambda clip: known)
    )


def same_face(back, before, *, close_px=0.1):
    assert np.abs(back.landmarks() - before.landmarks()).max() < close_px
    corners = np.array([[0, 0], [before.size_px, 0], [0, before.size_px]])
    in_frame = transform_points(inverse(before.crop_matrix()), corners)
    assert np.abs(transform_points(back.crop_matrix(), in_frame) - corners).max() < close_px
    assert [p.kind for p in back.polygons] == [p.kind for p in before.polygons]
    for ours, theirs in zip(before.polygons, back.polygons, strict=True):
        assert np.abs(np.array(ours.points) - theirs.points).max() < close_px
    names = (
        "face_type",
        "size_px",
        "source_name",
        "person_name",
        "original_name",
        "person",
        "frame",
        "brows_up",
    )
    for name in names:
        assert getattr(back, name) == getattr(before, name), name
    assert np.abs(np.subtract(back.box_xyxy, before.box_xyxy)).max() <= 0.5


def mask_of(record):
    return decode_image(base64.b64decode(record.masks["xseg"].png_base64))[:, :, 0]


@settings(max_examples=25, deadline=None)
@given(
    st.floats(-50, 50),
    st.floats(-170, 170),
    st.floats(0.3, 2.0),
    st.sampled_from(["half", "mid-full", "full", "full-no-align", "whole", "head", "head-no-align"]),
    st.sampled_from([64, 100, 256]),
)
def test_geometry_survives_going_out_and_coming_back(yaw, roll, scale, face_type, size_px):
    before = our_face(made.landmarks(yaw, 5, roll, size=scale) + 0.5, face_type=face_type, size_px=size_px)
    values = dfl_values(before.record, chosen_mask(before.record, ""), frame_name="00012.png")
    image = with_data(before.data, values)
    face = read_face(image, "00012_0.jpg", {**pickle.loads(carried(image)), "person_name": "anna"})
    back = kept(face, place_without_clip(face.source_name, face.name, (0, 0)), clip="shot").record
    same_face(back, before.record)
    assert np.array_equal(mask_of(back), mask_of(before.record))


@pytest.mark.parametrize("form", ["dfl", "dfl-pak"])
@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_a_faceset_survives_a_visit_to_deepfacelab(form, ending, tmp_path):
    faces = [
        our_face(made.landmarks(n * 15, 0, n * 30) + 0.5, name=f"{n:05d}_0.jpg", ending=ending, seed=n)
        for n in range(3)
    ]
    out = tmp_path / ("aligned" if form == "dfl" else "faceset.pak")
    with stored(tmp_path / "ours", *faces) as ours, Faceset(tmp_path / "back") as back:
        events = write(ours, out, form)
        assert events[-1].summary == {"faces": 3, "there before": 0, "left out": 0}
        run([out], back)
        pairs = zip(
            sorted(ours.faces(), key=lambda f: f.record.original_name),
            sorted(back.faces(), key=lambda f: f.record.original_name),
            strict=True,
        )
        for before, after in pairs:
            same_face(after.record, before.record)
            assert np.array_equal(mask_of(after.record), mask_of(before.record))
            difference = np.abs(ours.image(before).astype(int) - back.image(after))
            assert difference.max() == 0 if ending == "jpg" else difference.mean() < 3


def test_the_mask_that_is_asked_goes_along(tmp_path):
    face = our_face(made.landmarks() + 0.5, person_name="")
    full = base64.b64encode(encode_png(np.full_like(mask_of(face.record), 255))).decode()
    masks = {**face.record.masks, "whole": face.record.masks["xseg"].model_copy(update={"png_base64": full})}
    face = replace(face, record=face.record.model_copy(update={"masks": masks}))
    with stored(tmp_path / "ours", face) as ours:
        write(ours, tmp_path / "out", "dfl", mask="whole")
    values = pickle.loads(carried((tmp_path / "out" / "00012_0.jpg").read_bytes()))
    assert (cv2.imdecode(values["xseg_mask"], cv2.IMREAD_UNCHANGED) == 255).mean() > 0.9


def test_a_picture_that_has_to_be_encoded_has_the_quality_that_is_asked(tmp_path):
    with stored(tmp_path / "ours", our_face(made.landmarks() + 0.5, person_name="", ending="png")) as ours:
        for quality in (20, 80):
            write(ours, tmp_path / str(quality), "dfl", jpeg_quality=quality)
    coarse, fine = ((tmp_path / name / "00012_0.jpg").stat().st_size for name in ("20", "80"))
    assert coarse < fine


def test_what_is_written_is_what_deepfacelab_expects(tmp_path):
    with stored(tmp_path / "ours", our_face(made.landmarks() + 0.5, person_name="")) as ours:
        write(ours, tmp_path / "aligned", "dfl")
    image = (tmp_path / "aligned" / "00012_0.jpg").read_bytes()
    assert image[:4] == b"\xff\xd8\xff\xe0"
    assert image[6:10] == b"JFIF"
    assert image[20:22] == b"\xff\xef"
    (length,) = struct.unpack(">H", image[22:24])
    values = pickle.loads(image[24 : 22 + length])
    assert sorted(values) == [
        "eyebrows_expand_mod",
        "face_type",
        "image_to_face_mat",
        "landmarks",
        "seg_ie_polys",
        "source_filename",
        "source_landmarks",
        "source_rect",
        "xseg_mask",
    ]
    assert values["face_type"] == "full_face"
    assert values["source_rect"] == [100, 60, 210, 180]
    assert isinstance(values["xseg_mask"], np.ndarray)
    assert values["xseg_mask"].dtype == np.uint8
    decoded = cv2.imdecode(values["xseg_mask"], cv2.IMREAD_UNCHANGED)
    assert decoded.shape == (256, 256)
    assert set(np.unique(decoded)) == {0, 255}
    assert [p["type"] for p in values["seg_ie_polys"]["polys"]] == [1, 0]
    assert values["seg_ie_polys"]["polys"][0]["pts"].dtype == np.float32
    assert np.abs(np.array(values["source_landmarks"]) - made.landmarks()).max() < 0.01
    assert b"understudy" not in image
    Image.open(tmp_path / "aligned" / "00012_0.jpg").load()


def test_a_rough_mask_becomes_a_jpeg_that_fits():
    rough = np.random.default_rng(0).integers(0, 2, (256, 256)).astype(np.uint8) * 255
    assert len(encode_png(rough)) < 50_000
    assert shrunk(rough)[:4].tobytes() == b"\x89PNG"
    rougher = np.random.default_rng(0).integers(0, 256, (256, 256)).astype(np.uint8)
    assert len(encode_png(rougher)) > 50_000
    data = shrunk(rougher)
    assert len(data) <= 50_000
    assert data[:2].tobytes() == b"\xff\xd8"


def test_a_face_with_more_than_a_jpeg_holds_is_left_out_with_its_reason(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=str(MOST_DATA_BYTES)):
        with_data(encode_jpeg(made.frame()), {"x": b"x" * MOST_DATA_BYTES})
    monkeypatch.setattr(dfl_carriers, "MOST_DATA_BYTES", 1000)
    with (
        stored(tmp_path / "ours", our_face(made.landmarks() + 0.5)) as ours,
        pytest.raises(ExchangeRefused, match="more room than a JPEG has"),
    ):
        write(ours, tmp_path / "out", "dfl")
    assert not (tmp_path / "out").exists()


def test_nothing_at_the_goal_is_replaced_and_a_second_run_goes_on(tmp_path):
    faces = [our_face(made.landmarks(n) + 0.5, name=f"{n:05d}_0.jpg", person_name="") for n in range(3)]
    out = tmp_path / "aligned"
    with stored(tmp_path / "ours", *faces) as ours:
        write(ours, out, "dfl")
        (out / "00001_0.jpg").unlink()
        (out / "00002_0.jpg").write_bytes(b"mine")
        events = write(ours, out, "dfl")
        assert events[-1].summary == {"faces": 1, "there before": 1, "left out": 1}
        assert (out / "00002_0.jpg").read_bytes() == b"mine"
        assert any("Another file" in e.text for e in events if isinstance(e, Notice))
        (tmp_path / "faceset.pak").write_bytes(b"mine")
        for form in ("dfl-pak", "faceswap-json"):
            with pytest.raises(ExchangeRefused, match="There is a file already"):
                write(ours, tmp_path / "faceset.pak", form)


def test_of_two_exports_to_one_pak_at_once_the_first_to_end_stays_whole_and_the_other_is_refused(tmp_path):
    out, known = tmp_path / "faceset.pak", Footage("shot.mp4", True, None)
    two = our_face(made.landmarks() + 0.5), our_face(made.landmarks(9), name="2.jpg")
    with stored(tmp_path / "a", *two) as ours, stored(tmp_path / "b", our_face(made.landmarks(20))) as others:
        write(others, tmp_path / "alone.pak", "dfl-pak")
        writing = export_faces(ours, out, form="dfl-pak", options=ExportOptions(), footage=lambda clip: known)
        while not isinstance(next(writing), Progress):
            pass
        write(others, out, "dfl-pak")
        with pytest.raises(ExchangeRefused, match="There is a file already"):
            list(writing)
    assert out.read_bytes() == (tmp_path / "alone.pak").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "alone.pak", "b", "faceset.pak"]


def test_an_empty_faceset_is_refused(tmp_path):
    with Faceset(tmp_path / "none") as none, pytest.raises(FacesetUnusable):
        write(none, tmp_path / "out", "dfl")


def test_names_from_elsewhere_can_not_leave_the_folder(tmp_path):
    face = our_face(made.landmarks() + 0.5)
    evil = {"original_name": "../../x.jpg", "person_name": "../y", "source_name": "../z.png"}
    record = face.record.model_copy(update=evil)
    with Faceset(tmp_path / "ours") as ours:
        ours.add(np.zeros((128, 128, 3), np.uint8), record)
        write(ours, tmp_path / "out", "dfl")
    written = [p.relative_to(tmp_path / "out") for p in (tmp_path / "out").rglob("*.jpg")]
    assert len(written) == 1
    assert not (tmp_path / "y").exists()
    assert {p.name for p in tmp_path.iterdir()} == {"ours", "out"}


def test_faceswaps_json_has_its_frames_boxes_and_landmarks(tmp_path):
    faces = [our_face(made.landmarks(n) + 0.5, number=n) for n in range(2)]
    with stored(tmp_path / "ours", *faces) as ours, Faceset(tmp_path / "back") as back:
        write(ours, tmp_path / "alignments.json", "faceswap-json")
        values = json.loads((tmp_path / "alignments.json").read_text())
        assert list(values) == ["shot_000012.mp4"]
        assert [face["detected"] for face in values["shot_000012.mp4"]] == [[100, 60, 210, 180]] * 2
        assert np.abs(np.array(values["shot_000012.mp4"][1]["landmarks_2d"]) - made.landmarks(1)).max() < 0.01
        folder = tmp_path / "frames"
        folder.mkdir()
        for n in range(12):
            cv2.imwrite(str(folder / f"shot_{n + 1:06d}.png"), made.frame(n))
        run([tmp_path / "alignments.json"], back, frames=folder)
        for before, after in zip(ours.faces(), back.faces(), strict=True):
            assert np.abs(before.record.landmarks() - after.record.landmarks()).max() < 0.1
            assert before.record.frame == after.record.frame


def test_a_faceset_survives_a_visit_to_faceswap_as_pictures(tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    for n in range(12):
        cv2.imwrite(str(folder / f"{n + 1:05d}.png"), made.frame(n)[:, :, ::-1])
    footage = Footage("frames", False, lambda: open_clip(folder))
    faces = [our_face(made.landmarks(n * 20, 5, n * 40) + 0.5, number=n, seed=11) for n in range(2)]
    with stored(tmp_path / "ours", *faces) as ours, Faceset(tmp_path / "back") as back:
        write(ours, tmp_path / "heads", "faceswap-png", footage=footage, head_size_px=256)
        assert sorted(p.name for p in (tmp_path / "heads").iterdir()) == ["00012_0.png", "00012_1.png"]
        assert Image.open(tmp_path / "heads" / "00012_0.png").size == (256, 256)
        run([tmp_path / "heads"], back)
        for before, after in zip(ours.faces(), back.faces(), strict=True):
            assert np.abs(before.record.landmarks() - after.record.landmarks()).max() < 0.1
            assert after.record.source_name == "00012.png"
            # The crop is where the picture says: cutting it there again gives the same pixels.
            again = crop(made.frame(11), after.record.crop_matrix(), 256)
            assert np.abs(again.astype(int) - back.image(after)).mean() < 0.5
            inside = (mask_of(before.record) > 127).mean()
            area = np.linalg.det(np.array(after.record.masks["xseg"].mask_from_frame)[:, :2])
            before_area = np.linalg.det(np.array(before.record.masks["xseg"].mask_from_frame)[:, :2])
            share = (mask_of(after.record) > 127).mean()
            assert share / area == pytest.approx(inside / before_area, rel=0.03)


def test_without_frames_faceswaps_pictures_are_refused_with_the_reason(tmp_path):
    with (
        stored(tmp_path / "ours", our_face(made.landmarks() + 0.5)) as ours,
        pytest.raises(ExchangeRefused, match="--frames"),
    ):
        write(ours, tmp_path / "heads", "faceswap-png")
    assert not (tmp_path / "heads").exists()


def test_an_export_counts_every_face(tmp_path):
    with stored(tmp_path / "ours", our_face(made.landmarks() + 0.5)) as ours:
        finished = [e for e in write(ours, tmp_path / "a", "dfl") if isinstance(e, StageFinished)]
    assert finished[0].summary["faces"] == 1


@pytest.mark.parametrize("form", ["dfl", "dfl-pak", "faceswap-png", "faceswap-json"])
def test_names_clips_and_frames_survive_every_format_there_and_back(form, tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    for n in range(3):
        cv2.imwrite(str(folder / f"{n + 1:05d}.png"), made.frame(n)[:, :, ::-1])
    footage = Footage("frames", False, lambda: open_clip(folder))
    with (
        Faceset(tmp_path / "ours") as ours,
        Faceset(tmp_path / "w") as back,
        Faceset(tmp_path / "again") as again,
    ):
        for n, (frame, person) in enumerate(
            [(0, 1), (0, 2), (2, 1), (2, 1)][: 3 if form == "faceswap-json" else 4]
        ):
            made_face = our_face(made.landmarks(5 * n) + 0.5, person_name="", ending="png", source_name="")
            own = {"clip": "interview", "frame": frame, "person": person, "original_name": ""}
            if form == "faceswap-json":
                own["source_name"] = f"{frame + 1:05d}.png"
            ours.add_encoded(made_face.data, made_face.record.model_copy(update=own), "png", replace_same=False)
        before = {
            (face.path.stem, face.record.clip, face.record.frame, face.record.person) for face in ours.faces()
        }
        for source, goal in ((ours, back), (back, again)):
            out = tmp_path / goal.folder.name / ("x" if form in ("dfl", "faceswap-png") else "faces.pak")
            out = out.with_suffix(".json") if form == "faceswap-json" else out
            write(source, out, form, footage=footage, head_size_px=128)
            if form == "faceswap-json":  # it holds no names, and its faces have no pictures
                with open_clip(folder) as clip:
                    list(
                        import_faces(
                            sources_at([out], "auto"),
                            faceset=goal,
                            options=ImportOptions(),
                            clip=clip,
                            clip_name="interview",
                        )
                    )
            else:
                run([out], goal)
            after = {(f.path.stem, f.record.clip, f.record.frame, f.record.person) for f in goal.faces()}
            assert after == before
            for one, other in zip(_by_name(ours), _by_name(goal), strict=True):
                assert np.abs(one.record.landmarks() - other.record.landmarks()).max() < 0.1


def _by_name(faceset):
    return sorted(faceset.faces(), key=lambda face: face.path.stem)
