"""What is delivered has been read back, and shows its marks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.provenance.material import facts_for
from understudy.errors import MarksUnreadable
from understudy.provenance import final
from understudy.provenance.final import signed_and_verified
from understudy.provenance.sign import SigningFacts, sign_file
from understudy.provenance.verify import verify


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "png"])
def test_a_good_file_is_signed_and_stays(clips: dict[str, Path], tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"out.{ending}"
    sidecar = signed_and_verified(clips[ending], out, facts_for(clips[ending]))
    assert (sidecar is not None) == (ending == "mkv")
    assert verify(out).state == "trusted"


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_file_that_the_disk_spoilt_is_not_delivered(
    clips: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    def spoilt(unsigned: Path, signed: Path, facts: SigningFacts, **_: object) -> Path | None:
        sidecar = sign_file(unsigned, signed, facts)
        data = bytearray(signed.read_bytes())
        data[-40] ^= 0xFF
        signed.write_bytes(data)
        return sidecar

    monkeypatch.setattr(final, "sign_file", spoilt)
    (tmp_path / "o").mkdir()
    with pytest.raises(MarksUnreadable, match="not delivered"):
        signed_and_verified(clips[ending], tmp_path / "o" / f"out.{ending}", facts_for(clips[ending]))
    assert not list((tmp_path / "o").iterdir())
