"""Films are known by their names, and where a name may be that of something else by how they begin."""

from __future__ import annotations

from pathlib import Path

from understudy.media.movie_files import is_movie


def test_films_are_known_by_their_names_and_packets_of_ts_by_their_first_bytes(tmp_path: Path) -> None:
    for name in ("a.webm", "b.GIF", "c.mp4"):
        assert is_movie(tmp_path / name), name
    (tmp_path / "shot.ts").write_bytes((b"G" + bytes(187)) * 2)
    (tmp_path / "program.ts").write_text("declare class Plot {}\n" * 20)
    assert is_movie(tmp_path / "shot.ts")
    for name in ("program.ts", "gone.ts", "a.png", "mp4"):
        assert not is_movie(tmp_path / name), name
