"""Inputs for the forward of any model, drawn from a seed.

Text, images, video, audio, series, and what goes with them.
"""
