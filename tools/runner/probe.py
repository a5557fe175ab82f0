# SPDX-License-Identifier: GPL-2.0-only
"""Which accelerator to take, and why. KVM is believed only after a trial of the real image.

`--mode kvm` never falls back: absent, forbidden, and opens-but-the-guest-dies are
three messages. `--mode auto` says in one line why it did not take KVM. What auto
finds is kept in out/.accel-cache.json until the host, QEMU or the image changes.
"""

import json
import os
import platform
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from . import host, machine
from .common import BROKEN, Error, last_line, out_dir
from .machine import Setup
from .run import Boot, Control, Lines
from .verdict import guest_word, of_channel, signal_name

KVM_DEVICE = "/dev/kvm"
TRIAL_SECONDS = 5.0


@dataclass
class Trial:
    """What a boot of the real image under KVM showed."""
    works: bool
    cpu: str = ""
    loops: float = 0.0
    reason: str = ""


@dataclass
class Choice:
    mode: str
    cpu: str
    grade: str
    reason: str = ""    # why auto did not take KVM
    loops: float = 0.0


def device_problem(arch):
    """('foreign'|'absent'|'forbidden', sentence), or None when /dev/kvm opens."""
    if platform.machine() not in arch.hosts:
        return "foreign", (f"KVM runs {arch.name} only on a host of that kind; "
                           f"this one is {platform.machine()}")
    try:
        os.close(os.open(KVM_DEVICE, os.O_RDWR | os.O_CLOEXEC))
        return None
    except PermissionError:
        return "forbidden", (f"{KVM_DEVICE} is there, but this user may not open it; "
                             "join the group kvm or change the device's mode")
    except OSError as err:
        return "absent", (f"{KVM_DEVICE} is absent ({err.strerror}); "
                          "load the host's kvm module or take another --mode")


def trial_reason(ended):
    if ended.timed_out:
        return f"the guest did not answer within {ended.limit:g} s"
    text = last_line(ended.stderr)
    if ended.status < 0:
        return f"QEMU was killed by {signal_name(-ended.status)}" + (f": {text}" if text else "")
    if ended.status == 0:
        return "the guest reset" + (f"; QEMU says: {text}" if text else "")
    word = guest_word(ended.status)
    if word:
        return f"the guest ended with '{word}'"
    return text or f"QEMU ended with status {ended.status}"


def loop_rate(control):
    try:
        return float(control.get("probe_loops_per_s", "0"))
    except ValueError:
        return 0.0


def try_cpu(arch, qemu, machine_name, cpu, mem):
    """Boot the image once with -accel kvm and this CPU model."""
    with tempfile.TemporaryDirectory(prefix="faultline-") as place:
        control = Control()
        lines = Lines(control.take)
        setup = Setup(arch=arch, qemu=qemu, machine=machine_name, mode="kvm", cpu=cpu, smp=2,
                      mem=mem, words="probe=1 mode=kvm channels=split cpus=2", dir=Path(place))
        ended = Boot(setup, {"control": lines}, TRIAL_SECONDS).run()
        lines.flush()
    if arch.exit_channel:
        of_channel(ended, control.values.get("exit_value"))
    if not ended.timed_out and guest_word(ended.status) == "pass":
        return Trial(True, cpu, loop_rate(control.values))
    return Trial(False, cpu, 0.0, f"-cpu {cpu}: {trial_reason(ended)}")


def try_kvm(arch, qemu, args):
    cpus = (args.cpu,) if args.cpu else arch.kvm_cpus
    trials = []
    for cpu in cpus:
        trials.append(try_cpu(arch, qemu, args.machine, cpu, args.mem))
        if trials[-1].works:
            return trials[-1]
    return trials[-1]


# -- the cache ----------------------------------------------------------------

def cache_file():
    return out_dir() / ".accel-cache.json"


def cache_key(arch, qemu, args, version):
    built = machine.build_dir(arch.image)
    image = host.image_hash(built / "faultline.elf", built / "initrd.cpio")
    return "|".join([host.boot_id(), os.path.realpath(qemu), version, image,
                     args.machine, args.cpu or "", str(args.mem)])


def cached(key):
    try:
        known = json.loads(cache_file().read_text())
        return Trial(**known["trial"]) if known["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(key, trial):
    try:
        cache_file().parent.mkdir(parents=True, exist_ok=True)
        fresh = cache_file().with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps({"key": key, "trial": asdict(trial)}, indent=1) + "\n")
        os.replace(fresh, cache_file())
    except OSError:
        pass


def trial_of(arch, qemu, args, version, believe_failure=True):
    key = cache_key(arch, qemu, args, version)
    known = cached(key)
    if known and (known.works or believe_failure):
        return known
    trial = try_kvm(arch, qemu, args)
    remember(key, trial)
    return trial


# -- the choice ---------------------------------------------------------------

def choose(args, arch, qemu, version):
    if args.mode == "kvm":
        return forced_kvm(args, arch, qemu, version)
    if args.mode == "auto" and args.machine != "iso":
        return automatic(args, arch, qemu, version)
    mode = "interleaved" if args.mode == "auto" else args.mode
    return Choice(mode, args.cpu or arch.cpu, host.grade(mode))


def forced_kvm(args, arch, qemu, version):
    problem = device_problem(arch)
    if problem:
        raise Error(problem[1], BROKEN)
    trial = trial_of(arch, qemu, args, version, believe_failure=False)
    if not trial.works:
        raise Error(f"{KVM_DEVICE} opens, but the guest dies there: {trial.reason}", BROKEN)
    return Choice("kvm", trial.cpu, host.grade("kvm", trial.loops), "", trial.loops)


def automatic(args, arch, qemu, version):
    problem = device_problem(arch)
    if problem:
        return fallback(args, arch, problem[1].split(";")[0])
    trial = trial_of(arch, qemu, args, version)
    if not trial.works:
        return fallback(args, arch, f"KVM does not carry this guest ({trial.reason})")
    if trial.loops < host.FAST_LOOP:
        return fallback(args, arch, "this KVM emulates the kernel "
                        f"({trial.loops / 1e6:.1f} million loops a second)")
    return Choice("kvm", trial.cpu, host.grade("kvm", trial.loops), "", trial.loops)


def fallback(args, arch, reason):
    return Choice("interleaved", args.cpu or arch.cpu, "T", reason)
