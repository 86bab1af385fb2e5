"""Holds one thread of a process still, from outside, while the others run on."""
import ctypes
import os
import pathlib

from report import require

SEIZE, INTERRUPT = 0x4206, 0x4207
WAIT_FOR_THREADS = 0x40000000  # __WALL
libc = ctypes.CDLL(None, use_errno=True)


class FrozenThread:
    """Frozen by the kernel's debugging interface from here on; it ends with its process."""

    def __init__(self, process: int, name: str) -> None:
        self.identity = self._find(process, name)
        for request in (SEIZE, INTERRUPT):
            done = libc.ptrace(request, self.identity, None, None)
            require(done == 0, f"ptrace {request:#x}: {os.strerror(ctypes.get_errno())}")
        os.waitpid(self.identity, WAIT_FOR_THREADS)

    def release_when_dead(self) -> None:
        """A traced thread that was killed stays, and keeps its process, until its tracer looks."""
        try:
            os.waitpid(self.identity, WAIT_FOR_THREADS | os.WNOHANG)
        except ChildProcessError:
            pass

    @staticmethod
    def _find(process: int, name: str) -> int:
        tasks = pathlib.Path(f"/proc/{process}/task")
        found = [int(task.name) for task in tasks.iterdir() if (task / "comm").read_text().strip() == name]
        require(len(found) == 1, f"threads called {name}: {found}")
        return found[0]
