"""The machine: devices, number formats, memory, several processes."""
