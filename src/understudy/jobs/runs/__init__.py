"""Runs: stages as processes of their own, which outlive whoever started them and can be found again."""
