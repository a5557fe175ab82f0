# SPDX-License-Identifier: GPL-2.0-only
"""What the host is: for the grade of a result and for env.json."""

import hashlib
import platform
import re
import subprocess
from pathlib import Path

from .common import ROOT, host_cores, read_text

MODULES = ("kvm_pvm", "kvm_intel", "kvm_amd", "kvm_hv")
FAST_LOOP = 50e6    # ring-0 loop iterations a second; an emulating KVM is far below


def kvm_module(sys_module=Path("/sys/module")):
    for name in MODULES:
        if (sys_module / name).is_dir():
            return name
    return ""


def paging_in_hardware(sys_module=Path("/sys/module")):
    """EPT or NPT; true where it cannot be read, since that is the usual case."""
    for name in ("kvm_intel/parameters/ept", "kvm_amd/parameters/npt"):
        if read_text(sys_module / name).strip() in ("N", "0"):
            return False
    return True


def is_guest(cpuinfo=None):
    text = read_text("/proc/cpuinfo") if cpuinfo is None else cpuinfo
    flags = re.search(r"^flags\s*:(.*)$", text, re.MULTILINE)
    return bool(flags) and "hypervisor" in flags.group(1).split()


def grade(mode, loops=0.0):
    """A bare metal, B nested paging, C shadow paging or emulation, T translator."""
    if mode != "kvm":
        return "T"
    if loops < FAST_LOOP or kvm_module() == "kvm_pvm" or not paging_in_hardware():
        return "C"
    return "B" if is_guest() else "A"


def boot_id():
    return read_text("/proc/sys/kernel/random/boot_id").strip()


def image_hash(*paths):
    digest = hashlib.sha256()
    for path in paths:
        try:
            digest.update(Path(path).read_bytes())
        except OSError:
            digest.update(b"absent")
    return digest.hexdigest()


def output_of(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, cwd=ROOT,
                              stdin=subprocess.DEVNULL, errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def cpu_model():
    match = re.search(r"^(?:model name|cpu)\s*:\s*(.*)$", read_text("/proc/cpuinfo"), re.MULTILINE)
    return match.group(1).strip() if match else platform.processor()


def environment():
    """Facts of the host that a reader of the results may ask for."""
    return {
        "host_kernel": f"{platform.system()} {platform.release()}",
        "host_machine": platform.machine(),
        "host_cpu": cpu_model(),
        "host_cores": host_cores(),
        "host_is_guest": is_guest(),
        "kvm_module": kvm_module(),
        "python": platform.python_version(),
        "compiler": output_of("gcc", "--version").split("\n")[0],
        "git": output_of("git", "describe", "--always", "--dirty", "--tags"),
    }
