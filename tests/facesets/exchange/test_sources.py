import pytest

from tests.facesets.exchange import foreign_files as made
from understudy.errors import ExchangeUnreadable
from understudy.facesets.exchange.foreign import ForeignFace, Unread
from understudy.facesets.exchange.sources import sources_at


def test_a_file_is_known_by_what_is_in_it(tmp_path):
    (tmp_path / "a.png").write_bytes(made.dfl_png())
    (tmp_path / "b.png").write_bytes(made.faceswap_png())
    (source,) = sources_at([tmp_path], "auto")
    assert [face.face_type for face in source.faces(0)] == ["full", "head"]
    assert source.count == 2
    (only,) = sources_at([tmp_path], "dfl")
    kinds = [type(face) for face in only.faces(0)]
    assert kinds == [ForeignFace, Unread]


def test_faces_are_called_after_the_side_they_came_from(tmp_path):
    folder = tmp_path / "data_dst" / "aligned_1"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(made.dfl_png())
    assert sources_at([folder], "auto")[0].title == "data_dst"
    path = tmp_path / "clip_alignments.fsa"
    path.write_bytes(made.fsa({}))
    assert sources_at([path], "auto")[0].title == "clip"


@pytest.mark.parametrize("name", ["nothing.jpg", "a.zip", "a.tar", "a"])
def test_what_is_no_face_file_is_refused_by_name(name, tmp_path):
    if not name.startswith("nothing"):
        (tmp_path / name).write_bytes(b"PK\x03\x04")
    with pytest.raises(ExchangeUnreadable, match=name):
        sources_at([tmp_path / name], "auto")


def test_an_empty_folder_says_what_is_read(tmp_path):
    with pytest.raises(ExchangeUnreadable, match=r"\.pak"):
        sources_at([tmp_path], "auto")
