"""Prints the OpenCV numbers that the tests of this folder compare with. Needs opencv-python and numpy.

    python3 Tests/PreprocessingTests/golden_opencv.py
"""

import cv2
import numpy as np


def pattern(width: int, height: int) -> np.ndarray:
    """The tests' `patternImage`: busy, with no symmetry."""
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    return ((x * 7 + y * 13 + c * 29 + (x * y) % 17 * 5) % 256).astype(np.float32)


def smooth(width: int, height: int) -> np.ndarray:
    """The tests' `smoothImage`: waves that survive interpolation."""
    y, x = np.mgrid[0:height, 0:width]
    return np.round(np.stack([
        127.5 + 60 * np.sin(x * 0.05) + 50 * np.cos(y * 0.07),
        127.5 + 70 * np.sin(x * 0.03 + y * 0.04),
        127.5 + 100 * np.cos(x * 0.02 - y * 0.03)], -1)).astype(np.float32)


def show(name: str, values) -> None:
    print(name, [round(float(value), 4) for value in values])


for source, (w, h) in [((64, 48), (20, 15)), ((64, 48), (26, 8)), ((30, 20), (30, 20))]:
    r = cv2.resize(pattern(*source), (w, h), interpolation=cv2.INTER_AREA)
    show(f"area {source} to {(w, h)}", [r[0, 0, 0], r[0, 0, 2], r[1, 3, 1], r[h // 2, w // 2, 0],
                                        r[h - 1, w - 1, 2], r[h - 1, 0, 1], r[2, w - 2, 0]])

r = cv2.resize(pattern(13, 9), (40, 25), interpolation=cv2.INTER_LINEAR)
show("linear", [r[0, 0, 0], r[0, 5, 2], r[7, 11, 1], r[12, 20, 0], r[24, 39, 2], r[23, 1, 1]])
r = cv2.resize(pattern(13, 9)[:, :, 0], (7, 20), interpolation=cv2.INTER_LINEAR)
show("linear plane", [r[0, 0], r[5, 3], r[10, 6], r[19, 6], r[13, 2]])

K = np.array([[420, 0, 319.5], [0, 420, 239.5], [0, 0, 1]], float)
P = np.array([[400, 0, 322], [0, 405, 236], [0, 0, 1]], float)
R = cv2.Rodrigues(np.array([0.02, -0.03, 0.01]))[0]
plumb_bob = np.array([-0.28, 0.07, 0.0005, -0.0003, 0.0])
rational = np.array([-0.28, 0.07, 0.0005, -0.0003, 0.01, 0.02, 0.003, -0.001])
equidistant = np.array([-0.02, 0.005, -0.001, 0.0002])
print("R", [float(value) for value in R.ravel()])
maps = {
    "plumb_bob": cv2.initUndistortRectifyMap(K, plumb_bob, None, P, (640, 480), cv2.CV_32FC1),
    "rational": cv2.initUndistortRectifyMap(K, rational, R, P, (640, 480), cv2.CV_32FC1),
    "equidistant": cv2.fisheye.initUndistortRectifyMap(K, equidistant, np.eye(3), P, (640, 480), cv2.CV_32FC1),
}
for name, (map_x, map_y) in maps.items():
    for u, v in [(0, 0), (639, 0), (320, 240), (100, 400), (639, 479)]:
        show(f"{name} {(u, v)}", [map_x[v, u], map_y[v, u]])

map_x, map_y = cv2.initUndistortRectifyMap(K, plumb_bob, None, K, (640, 480), cv2.CV_32FC1)
rectified = cv2.remap(smooth(640, 480), map_x, map_y, cv2.INTER_LINEAR)
small = cv2.resize(rectified[90:390], (256, 120), interpolation=cv2.INTER_AREA)
for u, v in [(0, 0), (255, 0), (128, 60), (40, 100), (255, 119), (7, 53)]:
    show(f"rectified {(u, v)}", small[v, u])
