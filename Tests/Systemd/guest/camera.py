"""The virtual camera: a driver that is loaded, a device that is plugged in and out."""
import contextlib
import fcntl
import pathlib
import struct
from collections.abc import Iterator

from service import run

DEVICE = "vivid.0"
NODE = "/dev/video0"
REQUEST_BUFFERS = 0xC0145608  # VIDIOC_REQBUFS
CAPTURE, MAPPED = 1, 1
DRIVER = pathlib.Path("/sys/bus/platform/drivers/vivid")


def load_driver() -> None:
    """The module, and with it the camera; nothing of it was there before."""
    run("modprobe", "vivid", "n_devs=1", "node_types=0x1", "num_inputs=1", "input_types=0")


def calibration() -> pathlib.Path:
    """A file of the camera's size: that of the simulator, for half the width and less height."""
    folder = pathlib.Path("/etc/depthd/calib")
    text = (folder / "sim.yaml").read_text()
    for simulated, own in (("640", "320"), ("480", "180"), ("420.0", "210.0"), ("319.5", "159.5"), ("239.5", "89.5")):
        text = text.replace(simulated, own)
    path = folder / "vivid.yaml"
    path.write_text(text)
    return path


def unplug() -> None:
    (DRIVER / "unbind").write_text(DEVICE)


def plug_in() -> None:
    (DRIVER / "bind").write_text(DEVICE)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """The camera is this very program's: who has the buffers has the camera."""
    with open(NODE, "r+b", buffering=0) as device:
        fcntl.ioctl(device, REQUEST_BUFFERS, struct.pack("5I", 2, CAPTURE, MAPPED, 0, 0))
        yield
