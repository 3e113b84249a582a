"""Teach our own face network from rendered people: stock and lessons on the device, losses, the loop."""
