"""Metric motion between two frames: a small pose network trained beside a finished depth bundle, in that bundle's unit."""
