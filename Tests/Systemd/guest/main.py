"""Everything the test machine checks, in order. Started at boot; the second time after its own reboot."""
import pathlib
import subprocess

import doctor
import life
import reload
import sandbox
from report import check, say

REBOOTED = pathlib.Path("/var/lib/depthd-test-rebooted")


def first_boot() -> None:
    check("depthd is installed, starts as shipped and answers", life.install)
    check("it is READY without a camera, and says what it waits for", life.ready_without_a_camera)
    check("a camera plugged in later gives depth inside the sandbox", life.hot_plug)
    check("the doctor has nothing to say about a calibrated camera", doctor.clean)
    check("the doctor finds that the camera is gone", doctor.without_camera)
    check("the doctor names who has the camera, which the sandbox hides from the daemon", doctor.busy_camera)
    check("the doctor finds that the daemon does not run", doctor.without_daemon)
    check("unplugging is reported, plugging in again gives depth", life.unplug_and_plug_in)
    check("an ordinary user outside the group `video` may not subscribe", sandbox.strangers_are_refused)
    check("it runs as nobody in particular", sandbox.dynamic_user)
    check("threads are bound to cores when asked", sandbox.pinned_cores)
    check("its sockets may reach the CAN bus", sandbox.can_bus)
    check("exposure is 2.0 or lower", sandbox.exposure)
    check("a good reload exits 0, and the journal names the change", reload.good)
    check("a broken reload fails, the journal says why, depth goes on", reload.broken)
    check("a broken file at start is answered with the configuration that ran last", reload.broken_at_start)
    check("a stuck pipeline is restarted by the watchdog, and depth flows again", life.watchdog)
    check("state survives a restart", life.state_survives_a_restart)
    check("it ends within a second when asked", life.stop)
    check("it ends for a reboot", life.prepare_reboot)


def second_boot() -> None:
    check("it starts at boot, without a camera", life.started_at_boot)
    check("state survives a reboot", life.state_survives_a_reboot)
    check("a camera plugged in after a boot without one gives depth", life.hot_plug)
    check("nothing was restarted in vain", life.no_needless_restart)


# The firmware leaves the cursor in the middle of a line.
print()
if REBOOTED.exists():
    second_boot()
    say("finished")
    subprocess.run(["systemctl", "poweroff"], check=True)
else:
    first_boot()
    REBOOTED.touch()
    subprocess.run(["systemctl", "reboot"], check=True)
