"""How long `understudy --help` takes, as a ratio to Python itself and to importing torch, in one run.

The goal is 0.6 s or less on a desktop. Run: python benchmarks/startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 7
COMMANDS = {
    "python": [sys.executable, "-c", "pass"],
    "understudy --help": [sys.executable, "-m", "understudy", "--help"],
    "understudy swap --help": [sys.executable, "-m", "understudy", "swap", "--help"],
    "import torch": [sys.executable, "-c", "import torch"],
}


def seconds(command: list[str]) -> float:
    """Wall seconds of one run of `command`."""
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def main() -> None:
    """Print the median of each command and its ratio to bare Python. Rounds are interleaved against drift."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        print(f"{name:<24} {median:6.2f} s   {median / medians['python']:6.1f} x python")


if __name__ == "__main__":
    main()
