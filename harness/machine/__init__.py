"""WHAT IS HERE: accelerators, engine, processors, memory, disk, and what stands in a device's way."""
