"""The machine that a figure was measured on, and whether it was quiet at the time.

A durable commit is as fast as the disk's flush and as the other programs let it be: a figure
without these facts beside it cannot be compared with anything.
"""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

__all__ = ["Machine", "describe_machine", "memory_bytes"]

_FLUSHES = 200
_BLOCK = bytes(4096)
_BUSY_LOAD_PER_CORE = 0.35
_SLOW_FLUSH_MS = 1.0


class Machine(Struct, frozen=True, kw_only=True):
    """Where and when something was measured."""

    date: str
    """ISO 8601, UTC, to the minute."""
    commit: str
    """Of the checkout this package is imported from; "" when it is none. "+" marks changes."""
    system: str
    python: str
    processor: str
    cores: int
    memory_gb: float
    load: float
    """Load average of the last minute when the measuring began."""
    flush_p50_ms: float
    """Median of a 4 KiB append with fdatasync in the folder for temporary files."""

    @property
    def busy(self) -> bool:
        """Whether something else was running: then absolute figures mean little."""
        return self.load > _BUSY_LOAD_PER_CORE * self.cores or self.flush_p50_ms > _SLOW_FLUSH_MS

    @property
    def warning(self) -> str:
        """What to say when it was busy; "" when it was quiet."""
        if not self.busy:
            return ""
        return (
            f"the machine was busy (load {self.load:.1f} on {self.cores} cores, a flush takes "
            f"{self.flush_p50_ms:.2f} ms): compare ratios, not figures"
        )


def describe_machine(folder: Path | None = None) -> Machine:
    """Look at this machine; takes about a tenth of a second. `folder` is where flushes are timed.

    Raises:
        OSError: the folder cannot be written.
    """
    return Machine(
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        commit=_commit(),
        system=platform.platform(terse=True),
        python=platform.python_version(),
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        load=round(os.getloadavg()[0], 2),
        flush_p50_ms=round(_flush_p50_s(folder) * 1e3, 3),
    )


def memory_bytes(process: int | None = None) -> tuple[int, int]:
    """Resident and peak resident bytes of a process, of this one when left out.

    From VmRSS and VmHWM rather than `getrusage`: its maximum is inherited from the parent.

    Raises:
        OSError: there is no such process.
    """
    status = Path(f"/proc/{process or 'self'}/status").read_text(encoding="ascii")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    resident, peak = (int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return resident, peak


def _flush_p50_s(folder: Path | None) -> float:
    took = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(_FLUSHES):
            start = time.perf_counter()
            os.write(file.fileno(), _BLOCK)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - start)
    return sorted(took)[_FLUSHES // 2]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _commit() -> str:
    root = Path(__file__).parent
    head = _git(root, "rev-parse", "--short=12", "HEAD")
    if head and _git(root, "status", "--porcelain", "--untracked-files=no"):
        return f"{head}+"
    return head


def _git(root: Path, *arguments: str) -> str:
    try:
        ran = subprocess.run(  # noqa: S603  # constant arguments
            ["git", "-C", str(root), *arguments],  # noqa: S607  # whichever git is installed
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.strip() if ran.returncode == 0 else ""
