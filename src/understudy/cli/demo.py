"""`understudy demo`: the whole job on rendered people, with its figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.cli.flags import Json
from understudy.cli.show import show
from understudy.events import StageFinished


def demo(*, out: Path = Path("demo"), minutes: float = 4.0, device: str = "auto", json: Json = False) -> None:
    """Render two actors who do not exist, swap them, and measure the result against the true swap.

    Parameters
    ----------
    out:
        Folder for result.mp4, compare.mp4, sheet.png and report.json.
    minutes:
        How long to train. Run again, it trains that much more.
    device:
        Where to compute: auto, cpu, cuda, cuda:1, mps, xpu.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs.demo import DemoRequest
    from understudy.jobs.demo import demo as run

    finished = show(run(DemoRequest(folder=out, minutes=minutes, device=device)), as_json=json)
    if not json:
        print_table(finished)
        print(too_little_learnt(finished, out), end="")


def print_table(finished: Sequence[StageFinished]) -> None:
    """Print PSNR and SSIM of every shot that the last stage compared with the truth."""
    figures = finished[-1].summary
    print(f"\n{'inside the face, against the true swap':<40} {'PSNR':>8} {'SSIM':>7}")
    for name, score in figures.items():
        print(f"{name:<40} {score['psnr_db']:>5.2f} dB {score['ssim']:>7.3f}")
    if any("laid to fit" in name for name in figures):
        print(
            "laid to fit: the true face is moved and stretched as one onto the shot's first; blur gains nothing"
        )


def too_little_learnt(finished: Sequence[StageFinished], out: Path) -> str:
    """A line for where the swap is no nearer to the truth than dst with the best tint; else nothing."""
    figures = finished[-1].summary
    if figures["result"]["psnr_db"] > figures["untouched dst, tinted"]["psnr_db"]:
        return ""
    where = "" if out == Path("demo") else f" --out {out}"
    return (
        "The swap is not yet nearer to the true one than dst with the best tint: it has learnt too little. "
        f"`understudy demo{where} --minutes 12` goes on with it for twelve more.\n"
    )
