"""The machine that something was measured on."""

import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import apsw

import syncramp


def machine() -> dict[str, str]:
    """What it is made of, and the versions of what takes part."""
    return {
        "processor": f"{len(os.sched_getaffinity(0))} cores of {_model()}",
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.0f} GB",
        "system": f"{_release()}, Linux {platform.release().partition('-')[0]}",
        "Python": f"{platform.python_version()} ({platform.python_compiler()}), {_origin()}",
        "SQLite": apsw.sqlite_lib_version(),
        "TLS": ssl.OPENSSL_VERSION.partition("  ")[0],
        "OpenLDAP": _version(["slapd", "-VV"], r"slapd ([\d.]+)"),
        "Syncramp": syncramp.__version__,
        "load": f"{os.getloadavg()[0]:.1f} when it began",
    }


def _origin() -> str:
    """A distribution builds Python with profile-guided optimisation; what somebody compiles by hand has none."""
    return "of the distribution" if sys.base_prefix == "/usr" else "not of the distribution"


def _model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() in ("model name", "cpu model", "hardware"):
            return value.strip()
    return platform.machine()


def _release() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _version(command: list[str], form: str) -> str:
    program = shutil.which(command[0], path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/libexec")
    if program is None:
        return "none"
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)
    found = re.search(form, done.stdout + done.stderr)
    return found[1] if found else "unknown"
