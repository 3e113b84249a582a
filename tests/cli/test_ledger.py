"""`understudy ledger` as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.provenance.material import facts_for, make_image
from tests.provenance.watermark.footage import plain_footage
from understudy.cli.main import main
from understudy.media.images import encode_png
from understudy.provenance.exports import Unmarked, append, export_of, remember_ledger
from understudy.provenance.sign import recast_of
from understudy.provenance.watermark.embed import Watermark


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a ledger of two exports, which this machine knows."""
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    film = make_image(tmp_path / "film.png")
    ledger = tmp_path / "project" / "exports.jsonl"
    for number in (1, 2):
        recast = recast_of(facts_for(film)).model_copy(update={"watermark": f"{number:011x}"})
        append(ledger, export_of(film, title=f"{number}.mp4", recast=recast, marks=["watermark"], signer="me"))
    remember_ledger(ledger)
    return ledger.parent


def test_an_untouched_ledger_is_verified_with_the_hash_to_keep(project: Path, capsys) -> None:
    assert main(["ledger", "verify", str(project)]) == 0
    said = capsys.readouterr().out
    assert "2 lines, each as it was written" in said
    assert len(said.split()[-1]) == 64


def test_a_changed_line_is_named_and_the_exit_code_says_so(project: Path, capsys) -> None:
    ledger = project / "exports.jsonl"
    ledger.write_text(ledger.read_text("utf-8").replace("1.mp4", "x.mp4", 1), "utf-8")
    assert main(["ledger", "verify", str(ledger)]) == 4
    assert "line 1 was changed" in capsys.readouterr().out


def test_a_folder_without_a_ledger_is_refused(tmp_path: Path, capsys) -> None:
    assert main(["ledger", "verify", str(tmp_path)]) == 2
    assert "no ledger of exports" in capsys.readouterr().err


def test_the_list_names_file_model_consents_and_marks(project: Path, capsys) -> None:
    assert main(["ledger", "show", str(project)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2
    assert "00000000002 2.mp4, tide-h64; src: fictional" in said[1] and "watermark" in said[1]
    main(["ledger", "show", str(project), "--json"])
    assert [json.loads(line)["file"] for line in capsys.readouterr().out.splitlines()] == ["1.mp4", "2.mp4"]


def test_what_went_without_marks_is_listed_with_its_reason_and_who_decided(project: Path, capsys) -> None:
    film = make_image(project.parent / "layers.png")
    why = Unmarked(reason="for the compositor", by="A. Weber")
    recast = recast_of(facts_for(film))
    line = export_of(film, title="layers", recast=recast, marks=[], signer="", unmarked=why)
    append(project / "exports.jsonl", line)
    assert main(["ledger", "show", str(project)]) == 0
    assert "no marks: for the compositor (A. Weber)" in capsys.readouterr().out.splitlines()[2]
    assert main(["ledger", "verify", str(project)]) == 0


def test_a_number_leads_to_its_export(project: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["ledger", "find", "00000000001"]) == 0
    assert "exports.jsonl, line 1" in capsys.readouterr().out
    assert main(["ledger", "find", "0000000000f"]) == 5
    monkeypatch.setenv("UNDERSTUDY_HOME", str(project / "elsewhere"))
    assert main(["ledger", "find", "00000000001"]) == 5
    assert main(["ledger", "find", "00000000001", str(project)]) == 0


def test_a_file_without_marks_is_found_by_its_hash_and_another_is_not(project: Path, capsys) -> None:
    film = make_image(project.parent / "layers.png", shade=70)
    why = Unmarked(reason="for the compositor", by="A. Weber")
    recast = recast_of(facts_for(film))
    line = export_of(film, title="layers", recast=recast, marks=[], signer="", unmarked=why)
    append(project / "exports.jsonl", line)
    assert main(["ledger", "find", str(film), str(project)]) == 0
    said = capsys.readouterr().out
    assert "exports.jsonl, line 3" in said and "for the compositor" in said
    make_image(film, shade=91)
    assert main(["ledger", "find", str(film), str(project)]) == 5
    assert main(["ledger", "find", "no-such-file.png", str(project)]) == 2
    assert "no such file" in capsys.readouterr().err


def test_how_far_a_folder_of_many_images_is_looked_through_is_told_beside_the_output(
    project: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was silent for minutes."""
    monkeypatch.setattr("understudy.cli.show._SECONDS_BETWEEN_LINES", 0.0)
    frames = project.parent / "frames"
    frames.mkdir()
    for number in range(4):
        make_image(frames / f"{number}.png", shade=number)
    assert main(["ledger", "find", str(frames), str(project)]) == 5
    said = capsys.readouterr()
    assert len(said.err.splitlines()) > 4 and "frames" in said.err
    assert said.out.startswith("No ledger") and len(said.out.splitlines()) == 1


def test_a_file_that_was_written_again_is_found_by_its_watermark(project: Path, capsys) -> None:
    again = project.parent / "again.png"
    again.write_bytes(encode_png(Watermark(1).marked(plain_footage()[0])))
    assert main(["ledger", "find", str(again), str(project)]) == 0
    assert "exports.jsonl, line 1" in capsys.readouterr().out


def test_somebody_elses_ledger_can_say_anything_and_steers_no_terminal(project: Path, capsys) -> None:
    ledger = project / "exports.jsonl"
    told = json.loads(ledger.read_text("utf-8").splitlines()[0])
    strange = {
        "file": "\x1b[2j",
        "marks": ["\x9b2J"],
        "recast": {"model": "m", "consents": {"src": "x\x9b"}},
    }
    ledger.write_text(
        "\n".join(json.dumps({**told, **each}) for each in (strange, {"recast": {"consents": 3}}))
    )
    for said in (["show"], ["show", "--json"], ["find", "00000000001"]):
        assert main(["ledger", *said, str(project)]) == 0
        out = capsys.readouterr().out
        assert "\x1b" not in out and "\x9b" not in out
