"""Many processes on one job: how they begin, how work is handed out, what happens when one dies."""
