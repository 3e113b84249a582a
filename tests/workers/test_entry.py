import subprocess
import sys


def test_the_entry_imports_nothing_that_counts_threads():
    code = (
        "import sys, understudy.workers.entry;"
        "print([m for m in ('torch', 'cv2', 'av', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
