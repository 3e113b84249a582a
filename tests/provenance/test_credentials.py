"""Credentials are found inside or beside a file, and the library's errors end at this door."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import c2pa
import pytest
from PIL import Image

from tests.provenance.material import facts_for, flip_a_byte_of_the_picture
from understudy.errors import MarksUnreadable
from understudy.provenance.credentials import (
    EMBEDDING_FORMATS,
    embeds,
    format_of,
    has_credentials,
    read_credentials,
    said_by_library,
    sidecar_of,
    sidecars_with,
)
from understudy.provenance.sign import sign_file


def test_every_embedding_format_is_one_the_library_writes() -> None:
    assert set(EMBEDDING_FORMATS.values()) <= set(c2pa.Builder.get_supported_mime_types())


def test_endings_count_whatever_their_case_and_matroska_needs_a_sidecar() -> None:
    assert embeds(Path("A.MP4"))
    assert not embeds(Path("a.mkv"))
    assert format_of(Path("a.unheard-of")) == "application/octet-stream"
    assert sidecar_of(Path("a.b.mkv")) == Path("a.b.mkv.c2pa")


def test_a_quick_look_finds_credentials_inside_and_beside_whether_they_hold_or_not(
    clips: dict[str, Path], tmp_path: Path
) -> None:
    for ending, plain in clips.items():
        signed = tmp_path / f"signed-{ending}.{ending}"
        sign_file(plain, signed, facts_for(plain))
        flip_a_byte_of_the_picture(signed)
        assert has_credentials(signed) and not has_credentials(plain)
    assert not has_credentials(tmp_path / "gone.mp4")


def test_credentials_inside_win_over_a_sidecar(clips: dict[str, Path], tmp_path: Path) -> None:
    sign_file(clips["mp4"], tmp_path / "film.mp4", facts_for(clips["mp4"]))
    sign_file(clips["mkv"], tmp_path / "film.mkv", facts_for(clips["mkv"]))
    inside, beside = read_credentials(tmp_path / "film.mp4"), read_credentials(tmp_path / "film.mkv")
    assert inside is not None
    assert inside.sidecar is None
    assert beside is not None
    assert beside.sidecar == tmp_path / "film.mkv.c2pa"


def test_a_film_beside_another_s_sidecar_of_its_stem_has_no_marks_of_its_own(
    clips: dict[str, Path], tmp_path: Path
) -> None:
    sign_file(clips["mkv"], tmp_path / "film.mkv", facts_for(clips["mkv"]))
    sidecar_of(tmp_path / "film.mkv").rename(tmp_path / "film.c2pa")  # as earlier versions named it
    shutil.copy(clips["mp4"], tmp_path / "film.mp4")
    assert read_credentials(tmp_path / "film.mkv") is not None
    assert read_credentials(tmp_path / "film.mp4") is None and not has_credentials(tmp_path / "film.mp4")
    assert sidecars_with(tmp_path / "film.mkv") == [tmp_path / "film.c2pa"]
    assert sidecars_with(tmp_path / "film.mp4") == []


def test_remains_of_credentials_are_damage_and_not_absence(clips: dict[str, Path], tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    sign_file(clips["mp4"], film, facts_for(clips["mp4"]))
    film.write_bytes(film.read_bytes()[:9000])
    with pytest.raises(MarksUnreadable, match="in this file are damaged"):
        read_credentials(film)


def test_the_librarys_errors_become_ours() -> None:
    expected = pytest.raises(MarksUnreadable, match=r"Nothing doing\. \(Io: a  b\) Path: film")
    with expected, said_by_library("Nothing doing.", Path("film")):
        raise c2pa.C2paError("Io: a\n\x1bb")


def test_credentials_elsewhere_on_the_net_are_not_fetched(clips: dict[str, Path], tmp_path: Path) -> None:
    # A file of somebody else's must not make this machine call a place of their choosing.
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/manifest.c2pa"
        packet = (
            '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            f'<rdf:Description xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="{url}"/>'
            "</rdf:RDF></x:xmpmeta>"
        )
        Image.new("RGB", (8, 8)).save(tmp_path / "remote.jpg", xmp=packet.encode())
        assert read_credentials(tmp_path / "remote.jpg") is None
        with pytest.raises(TimeoutError):
            server.accept()
