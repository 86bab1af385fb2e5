"""The service's life: installation, cameras that come and go, a stuck pipeline, restarts, the end."""
import json
import pathlib
import re
import shutil

import camera
import service
from frozen_thread import FrozenThread
from report import Failure, require, wait_until
from service import STATE, systemctl
from subscriber import receive

DELIVERY = pathlib.Path("/opt/test")
EVENTS_BEFORE_REBOOT = pathlib.Path("/var/lib/depthd-test-events")


def install() -> str:
    """What docs/operation.md tells a person to do; the files are those of `make install`."""
    for part in ("etc", "lib", "usr"):
        shutil.copytree(DELIVERY / "product" / part, "/" + part, dirs_exist_ok=True, symlinks=True)
    shutil.copytree(DELIVERY / "modules", "/lib/modules", dirs_exist_ok=True)
    service.run("depmod")
    systemctl("daemon-reload")
    systemctl("restart", "systemd-modules-load", "systemd-udevd")
    systemctl("enable", "--now", "depthd")
    facts = service.facts()
    require(facts["ActiveState"] == "active", facts)
    journal = service.journal()
    require(not re.search("[Ff]ailed|not permitted|denied", journal), journal)
    # The installed tool needs no option to find the daemon.
    status = json.loads(service.run("depthctl", "status", "--json").splitlines()[-1])
    return f"{status['source']}, model {status['model']}"


def ready_without_a_camera() -> str:
    # The smallest network there is: this machine emulates every instruction.
    service.configure(
        camera_source='"v4l2:auto"', camera_width="320", camera_height="180", camera_rate_hz="2.0",
        camera_discard_first_frames="2", camera_calibration=f'"{camera.calibration()}"', odometry_source='"none"',
        model_path=f'"{DELIVERY}/tiny.onnx"',
    )
    # Returns when READY came; fails when it does not.
    systemctl("restart", "depthd")
    status = service.wait_for_status("no camera")
    shown = service.run("systemctl", "status", "--no-pager", "depthd")
    require("active (running)" in shown and status in shown, shown)
    return status


def hot_plug() -> str:
    before = service.process()
    camera.load_driver()
    seen = receive()
    require(service.process() == before, "the daemon was restarted")
    return seen + "; " + service.wait_for_status("fps")


def unplug_and_plug_in() -> str:
    receive(frames=1)
    before = service.process()
    camera.unplug()
    status = service.wait_for_status("down, 0 fps; no camera")
    camera.plug_in()
    seen = receive()
    require(service.process() == before, "the daemon was restarted")
    return f"{status}; then {seen}"


def watchdog() -> str:
    receive(frames=1)
    before = service.facts()
    thread = FrozenThread(int(before["MainPID"]), "perception")

    def is_replaced() -> bool:
        thread.release_when_dead()
        now = service.facts()
        return now["NRestarts"] != before["NRestarts"] and now["ActiveState"] == "active"

    wait_until(is_replaced, "a restart")
    require("Watchdog timeout" in service.journal("-n", "30"), "the journal names no watchdog")
    return receive()


def events() -> list[str]:
    lines = (STATE / "events.jsonl").read_text().splitlines()
    for line in lines:
        json.loads(line)
    return lines


def require_kept(before: list[str]) -> str:
    now = events()
    require(before and now[: len(before)] == before, f"{len(before)} events before, now {now}")
    return f"{len(before)} events kept, {len(now) - len(before)} new"


def state_survives_a_restart() -> str:
    systemctl("stop", "depthd")
    before = events()
    # The tool finds them without the daemon's help.
    shown = service.run("depthctl", "events", "--config", str(service.CONFIGURATION))
    require("camera_streaming" in shown, shown)
    systemctl("start", "depthd")
    wait_until(lambda: len(events()) > len(before), "new events")
    require(STATE.resolve() == pathlib.Path("/var/lib/private/depthd"), STATE.resolve())
    return require_kept(before)


def stop() -> str:
    """Three tries: a busy host can only make it slower than it is."""
    tries: list[float] = []
    while len(tries) < 3:
        tries.append(stop_once())
        if tries[-1] < 1:
            return f"{tries[-1]:.2f} s"
    raise Failure(f"{tries} s")


def stop_once() -> float:
    receive(frames=1)
    systemctl("stop", "depthd")
    facts = service.facts()
    require(facts["Result"] == "success" and facts["ExecMainStatus"] == "0", facts)
    asked, ended = (int(facts[name]) for name in ("ActiveExitTimestampMonotonic", "ExecMainExitTimestampMonotonic"))
    systemctl("start", "depthd")
    return (ended - asked) / 1e6


def prepare_reboot() -> str:
    systemctl("stop", "depthd")
    EVENTS_BEFORE_REBOOT.write_text("\n".join(events()))
    return "its events are remembered"


def started_at_boot() -> str:
    wait_until(lambda: service.facts()["ActiveState"] == "active", "active")
    return service.wait_for_status("no camera")


def state_survives_a_reboot() -> str:
    return require_kept(EVENTS_BEFORE_REBOOT.read_text().splitlines())


def no_needless_restart() -> str:
    restarts = service.facts()["NRestarts"]
    require(restarts == "0", f"{restarts} restarts")
    return "0 restarts since boot"
