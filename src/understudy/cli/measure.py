"""`understudy measure`: compare two clips inside the face."""

from __future__ import annotations

from pathlib import Path

from understudy.cli.flags import Json
from understudy.cli.show import show


def measure(result: Path, truth: Path, /, *, device: str = "auto", json: Json = False) -> None:
    """Compare RESULT with TRUTH inside the faces that are found in TRUTH.

    Parameters
    ----------
    result:
        The clip to judge.
    truth:
        The clip it should look like, frame by frame, of the same size.
    device:
        Where to compute: auto, cpu, cuda, cuda:1, mps, xpu.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs import stages

    finished = show(stages.measure(result, truth, device=device), as_json=json)
    if json:
        return
    for name, words in (("face", "inside the face"), ("picture", "whole picture")):
        score = finished[-1].summary[name]
        print(f"{words:<16} PSNR {score['psnr_db']:.2f} dB, SSIM {score['ssim']:.3f}")
    worst = finished[-1].summary["face"]["worst"]
    print("worst frames     " + ", ".join(f"{w['frame']} ({w['psnr_db']:.1f} dB)" for w in worst))
