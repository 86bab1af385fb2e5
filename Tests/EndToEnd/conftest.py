"""Fixtures: daemons that run the built binary, and the recordings."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from daemon import DATA, DEPTHCTL, DEPTHD, TOP, Daemon  # noqa: E402

MODEL = TOP / "models" / "lite"
# Frames per second asked of the simulator: what two busy cores can follow.
RATE_HZ = 10


def pytest_sessionstart(session):
    for binary in (DEPTHD, DEPTHCTL):
        if not binary.exists():
            pytest.exit(f"{binary} is missing; run make build", returncode=2)


def simulator(**tables):
    """Configuration tables of a daemon on the simulated camera, metric by a constant; `tables` add to it."""
    base = {
        "camera": {"name": "front", "source": "sim:street", "width": 320, "height": 240},
        "simulation": {"rate_hz": float(RATE_HZ)},
        "model": {"path": str(MODEL), "threads": 1},
        "publish": {"points_rate_hz": 20.0, "preview_rate_hz": 20.0},
        "scale": {"constant": 1.0},
        "odometry": {"source": "camera"},
    }
    for table, entries in tables.items():
        base.setdefault(table, {}).update(entries)
    return {
        table: {key: value for key, value in entries.items() if value is not None}
        for table, entries in base.items()
    }


@pytest.fixture(scope="session")
def running():
    """One daemon on the simulator, shared by every test that only listens."""
    with Daemon(simulator()) as daemon:
        yield daemon.start()


@pytest.fixture
def launch():
    """Makes daemons that are killed when the test ends, however it ends."""
    made = []

    def make(tables, environment=None):
        made.append(Daemon(tables, environment))
        return made[-1]

    yield make
    for daemon in reversed(made):
        daemon.__exit__(None)


def drives():
    """Every recording at hand."""
    return sorted(path.parent for path in DATA.glob("*/drive.toml")) if DATA.is_dir() else []


def need_data(name):
    """The path of a recording; skips the test, with the reason, where there is none."""
    if not (DATA / name / "drive.toml").exists():
        pytest.skip(f"the recording {name} is not at hand: {DATA} (set DEPTHD_DATA)")
    return DATA / name
