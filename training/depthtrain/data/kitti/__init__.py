"""KITTI as its users have it on disk (raw, odometry, stereo 2015), converted to drive folders.

One recording format serves the daemon, the trainer and the evaluator, so the layouts are read once, here, and checked here:
a short file, a wrong size or a clock that jumps back is found before training, not by a worse model.
"""

LICENCE = "KITTI, CC BY-NC-SA 3.0 (non-commercial, attribution, share alike)"
CAMERA_HEIGHT_M = 1.65
