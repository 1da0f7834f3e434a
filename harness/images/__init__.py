"""Where a cell lives: the image of a device, and the locked environment of the host runner."""
