"""Choose, clean and arrange a faceset: every change is one step of a log that can be taken back."""
