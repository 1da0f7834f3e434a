"""Inputs for the forward of any model, drawn from a seed: text, images, video, audio, series, and what goes with them."""
