import enum
import io
import os
import pickle
import struct
import sys
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.facesets.exchange import foreign_files as made
from understudy.errors import ExchangeUnreadable, UnderstudyError, UnsafeFile
from understudy.facesets.exchange.dfl_pak import Pak, read_meta, write_pak
from understudy.facesets.exchange.foreign import ForeignFace, Unread

VALUES = made.dfl_values(size=64)
IMAGE = made.dfl_jpeg(VALUES, size=64)


def written(tmp_path, data: bytes):
    path = tmp_path / "faceset.pak"
    path.write_bytes(data)
    return path


def three(tmp_path, **more):
    configs = [made.pak_config(f"{n:05d}_0.jpg", VALUES, 64, **more) for n in range(3)]
    return written(tmp_path, made.pak(configs, [IMAGE] * 3))


def test_every_face_of_a_pak_is_read_in_spite_of_its_last_offset(tmp_path):
    with Pak(three(tmp_path, person_name="anna")) as pak:
        faces = list(pak.faces())
        assert [pak.image(i) for i in range(3)] == [IMAGE] * 3
    assert [face.name for face in faces] == ["00000_0.jpg", "00001_0.jpg", "00002_0.jpg"]
    assert {face.person_name for face in faces} == {"anna"}
    assert np.abs(faces[2].landmarks_68 - 0.5 - made.landmarks()).max() < 0.1


def test_choices_are_read_under_the_names_they_had(tmp_path, monkeypatch):
    class SampleType(enum.IntEnum):
        FACE = 1

    class FaceType(enum.IntEnum):
        WHOLE_FACE = 4

    for kind, name in ((SampleType, "samplelib.Sample"), (FaceType, "facelib.FaceType")):
        kind.__module__, kind.__qualname__ = name, kind.__name__
        module = types.ModuleType(name)
        setattr(module, kind.__name__, kind)
        monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setitem(sys.modules, name.split(".")[0], types.ModuleType(name.split(".")[0]))
    values = made.dfl_values(size=64, face_type="whole_face")
    del values["face_type"]
    config = made.pak_config("a_0.jpg", values, 64, sample_type=SampleType.FACE, face_type=FaceType.WHOLE_FACE)
    with Pak(written(tmp_path, made.pak([config], [made.jpeg(made.frame(size=(64, 64)))]))) as pak:
        assert pak.configs[0]["face_type"] == 4
        (face,) = pak.faces()
    assert face.face_type == "whole"
    assert not face.frame_known  # the picture lost its own data, and the pak does not know the frame


def test_one_bad_face_does_not_hide_the_others(tmp_path):
    names = ["a_0.jpg", "../../x.jpg", "c_0.jpg"]
    images = [IMAGE, IMAGE, IMAGE[:200]]
    configs = [made.pak_config(name, VALUES, 64) for name in names]
    with Pak(written(tmp_path, made.pak(configs, images))) as pak:
        first, second, third = pak.faces()
    assert isinstance(first, ForeignFace)
    assert isinstance(second, Unread)
    assert "leads out" in second.why
    assert isinstance(third, Unread)


def _with_offsets(*offsets: int) -> bytes:
    config = pickle.dumps([made.pak_config("a.jpg", VALUES, 64)] * (len(offsets) - 1))
    table = struct.pack(f"<{len(offsets)}Q", *offsets)
    return struct.pack("<QQ", 1, len(config)) + config + table + IMAGE


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "ends before its head"),
        (struct.pack("<Q", 1), "ends before its head"),
        (struct.pack(">QQ", 1, 10) + b"x" * 10, "other byte order"),
        (struct.pack("<QQ", 2, 10) + b"x" * 10, "version is 2"),
        (struct.pack("<QQ", 1, 2**63), "longer than the file"),
        (struct.pack("<QQ", 1, 100) + b"]", "longer than the file"),
        (struct.pack("<QQ", 1, 2) + b"}.", "no list of faces"),
        (struct.pack("<QQ", 1, 4) + b"](e.", "inside its table"),
        (struct.pack("<QQ", 1, 6) + b"](K\x01e.", "no list of faces"),
        (_with_offsets(0, 2**62, 2**63), "outside of the file"),
        (_with_offsets(2**64 - 1, 2**64 - 1), "outside of the file"),
        (_with_offsets(500, 0, 900), "outside of the file"),
        (_with_offsets(10**6, 2 * 10**6), "outside of the file"),
    ],
)
def test_a_pak_that_can_not_be_true_is_refused(data, said, tmp_path):
    with pytest.raises(ExchangeUnreadable, match=said):
        Pak(written(tmp_path, data))


def test_a_truncated_pak_is_refused_or_loses_only_its_end(tmp_path):
    whole = three(tmp_path).read_bytes()
    for size in (len(whole) - 10, len(whole) - len(IMAGE) - 10, len(whole) - 3 * len(IMAGE) - 4, 300, 20):
        try:
            with Pak(written(tmp_path, whole[:size])) as pak:
                kinds = [type(face) for face in pak.faces()]
        except (ExchangeUnreadable, UnsafeFile):
            continue
        assert kinds[-1] is Unread


def test_a_hostile_pak_runs_nothing(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/ran",)

    path = written(tmp_path, made.pak([{**made.pak_config("a.jpg", VALUES, 64), "x": Evil()}], [IMAGE]))
    with pytest.raises(UnsafeFile, match="pak's list of faces asks for"):
        Pak(path)
    assert not (tmp_path / "ran").exists()


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_damaged_pak_raises_nothing_but_ours(data, tmp_path_factory):
    configs = [made.pak_config(f"{n}.jpg", VALUES, 64) for n in range(2)]
    good = bytearray(made.pak(configs, [IMAGE] * 2))
    for _ in range(data.draw(st.integers(1, 5))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("pak") / "faceset.pak"
    path.write_bytes(bytes(good[: data.draw(st.integers(len(good) // 2, len(good)))]))
    try:
        with Pak(path) as pak:
            assert all(isinstance(face, ForeignFace | Unread) for face in pak.faces())
    except UnderstudyError:
        return


def test_what_we_pack_is_read_again_and_its_offsets_are_true():
    out = io.BytesIO()
    configs = [made.pak_config(f"{n}.jpg", VALUES, 64) for n in range(2)]
    write_pak(out, configs=configs, sizes=[len(IMAGE), 3], images=iter([IMAGE, b"abc"]))
    data = out.getvalue()
    version, length = struct.unpack_from("<QQ", data)
    assert version == 1
    assert pickle.loads(data[16 : 16 + length]) == configs
    base = 16 + length + 24
    assert struct.unpack_from("<3Q", data, 16 + length) == (0, len(IMAGE), len(IMAGE) + 3)
    assert data[base:] == IMAGE + b"abc"


def test_meta_dat_keeps_the_data_of_edited_pictures(tmp_path):
    path = tmp_path / "meta.dat"
    path.write_bytes(pickle.dumps({"a_0.jpg": ((64, 64, 3), VALUES)}))
    assert read_meta(path)["a_0.jpg"]["shape"] == (64, 64, 3)


@pytest.mark.parametrize("kept", [[1], {"a.jpg": 5}, {"a.jpg": (1, 2)}, {5: ((1, 1, 3), {})}])
def test_another_meta_dat_is_refused(kept, tmp_path):
    path = tmp_path / "meta.dat"
    path.write_bytes(pickle.dumps(kept))
    with pytest.raises(ExchangeUnreadable):
        read_meta(path)
