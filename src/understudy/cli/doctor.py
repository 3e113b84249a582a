"""`understudy doctor`: what works on this machine, as a table or a file to send."""

from __future__ import annotations

from pathlib import Path

_SIGNS = {"ok": "ok  ", "weak": "low ", "missing": "none"}


def doctor(*, report: Path | None = None, training: bool = False) -> int:
    """Say what works on this machine.

    Parameters
    ----------
    report:
        Also write a zip to send with a question; it holds versions and findings, no pictures and no secrets.
    training:
        Also measure, for minutes, whether compiling a network makes training faster on each device, and on GPUs
        whether recording a step and playing it back does; training goes by what was found.
    """
    from understudy.jobs import doctor as looks

    findings = []
    topic = ""
    for finding in looks.examine(Path.cwd(), training=training):
        if finding.topic != topic:
            topic = finding.topic
            print(topic)
        print(f"  {_SIGNS[finding.state]} {finding.name:<24} {finding.words}")
        findings.append(finding)
    if report is not None:
        looks.report(findings, report)
        print(f"made report: {report}")
    return 0
