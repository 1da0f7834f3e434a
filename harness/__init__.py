"""Does a model work on a device with given versions, is it right, how fast is it, has it changed?"""

__version__ = "0.1.0"
