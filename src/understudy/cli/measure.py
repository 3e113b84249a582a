"""`understudy measure`: compare a clip with the true swap, or with the plate it was painted into."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from understudy.cli.flags import Json
from understudy.cli.show import show

_DELTA_E = {"mean_delta_e": "mean dE", "pumping_delta_e": "pumping dE", "seam_delta_e": "seam dE"}
_COLUMNS = ("changed", "jitter", "colour_drift", "edge_noise", "sharpness", *_DELTA_E)
_HEAD = ("shot", "frames", "changed", "jitter", "colour drift", "edge noise", "sharpness", *_DELTA_E.values())


def measure(
    result: Path | None = None,
    truth: Path | None = None,
    /,
    *,
    plate: Path | None = None,
    project: Path | None = None,
    clip: str | None = None,
    merged: str = "",
    device: str = "auto",
    json: Json = False,
) -> None:
    """Compare RESULT with a true swap, or say how steady, even and sharp it is beside the plate.

    Against the plate, every figure is swap divided by plate and 1 is as the camera took it: jitter of the
    face's features as seen from the plate's head, drift of the skin's colour, noise in the mask's edge, and
    sharpness. Good is 0.85 to 1.15, and 0.7 or more for sharpness. Beside them stand how much of the face
    differs from the plate so that it can be seen, and the seam: the step of colour across the mask's edge that
    the plate has not.

    Parameters
    ----------
    result:
        The clip to judge.
    truth:
        The clip it should look like, frame by frame, of the same size; compared inside the faces found in it.
    plate:
        The footage that the faces were painted into. Needs no truth.
    project:
        Take plate and places of faces from this project instead of looking for them.
    clip:
        Which dst clip of the project, where it has several.
    merged:
        Without RESULT: measure what this model has made of the project's clip so far, before it is a file.
    device:
        Where to compute: auto, cpu, cuda, cuda:1, mps, xpu.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs.measure import measure as measure_job

    events = measure_job(result, truth, plate=plate, project=project, clip=clip, merged=merged, device=device)
    finished = show(events, as_json=json)
    if json:
        return
    (_print_steadiness if truth is None else _print_likeness)(finished[-1].summary)


def _print_likeness(summary: dict[str, Any]) -> None:
    for name, words in (("face", "inside the face"), ("picture", "whole picture")):
        score = summary[name]
        print(f"{words:<16} PSNR {score['psnr_db']:.2f} dB, SSIM {score['ssim']:.3f}")
    worst = summary["face"]["worst"]
    print("worst frames     " + ", ".join(f"{w['frame']} ({w['psnr_db']:.1f} dB)" for w in worst))


def _print_steadiness(summary: dict[str, Any]) -> None:
    from understudy.measure.against_plate import hardly_changed

    rows: list[tuple[str, ...]] = [_HEAD]
    for shot in summary["shots"]:
        first, last = shot["frames"]
        rows.append((str(shot["shot"]), f"{first}-{last}", *(_figure(shot[name]) for name in _COLUMNS)))
    if len(summary["shots"]) > 1:
        rows.append(("all", "", *(_figure(summary["all"][name]) for name in _COLUMNS)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    is_plates_own = bool(hardly_changed(summary["all"]["changed"]))
    for shot in summary["shots"]:
        for name, worst in shot["worst"].items():
            if worst is not None:
                where = f"second {worst['second']} (frames {worst['frames'][0]}-{worst['frames'][1]})"
                print(f"worst {name.replace('_', ' ')} of shot {shot['shot']}: {where}, {worst['ratio']:.2f}")
    widest = [shot["widest_seam"] for shot in summary["shots"] if shot["widest_seam"]]
    if widest:
        seam = max(widest, key=lambda one: one["delta_e"])
        print(f"widest seam: frame {seam['frame']}, {seam['delta_e']:.1f} dE")
    worst = summary["worst_second"]
    if worst is not None:
        print(f"worst second: {worst['second']}, for its {worst['measure'].replace('_', ' ')}")
    ends = "within the goals" if summary["within"] else "outside the goals: 0.85 to 1.15, sharpness from 0.7"
    print(f"{ends}, which says little: the face is hardly changed" if is_plates_own else ends)
    for miss in summary["outside"]:
        side = "above" if miss["ratio"] > miss["goal"] else "below"
        name = miss["measure"].replace("_", " ")
        print(f"{name} {miss['ratio']:.2f} is {miss['off']:.2f} {side} {miss['goal']:g}; try: {miss['try']}")


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
