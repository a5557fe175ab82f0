# SPDX-License-Identifier: GPL-2.0-only
"""QEMU command lines. One `Arch` table an architecture; nothing else knows QEMU's options."""

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from .common import BROKEN, Error, build_dir, shown

MODES = ("interleaved", "parallel", "replay", "kvm")

ACCEL = {
    "interleaved": ["-accel", "tcg,thread=single"],
    "parallel": ["-accel", "tcg,thread=multi"],
    "replay": ["-accel", "tcg", "-icount", "shift={shift},sleep=off",
               "-rtc", "base=2026-01-01T00:00:00,clock=vm"],
    "kvm": ["-accel", "kvm"],
}

# Every channel is a file in the run directory.
CHANNELS = {
    "console": "console.log",
    "stdout": "stdout.log",
    "stderr": "stderr.log",
    "trace": "trace.bin",
    "control": "control.log",
}


@dataclass(frozen=True)
class Arch:
    """What the runner has to know of one architecture."""
    name: str
    qemu: str           # QEMU's program
    package: str        # the Debian package it comes in
    compiler: str
    elf_machine: int    # e_machine of programs for --exec
    cpu: str            # the default -cpu
    kvm_cpus: tuple     # what KVM's trial tries, in this order
    machines: dict      # --machine NAME -> the -M value; the first is the default
    max_cpus: int
    channels: dict      # channel -> the device's options, "{}" being the chardev
    exit_options: tuple # options with which the guest's end becomes QEMU's
    exit_channel: bool = False  # the exit value comes through the control channel
    firmware: str = ""  # what is built for the machine to start with
    icount_shift: int = 0       # replay: an instruction takes 2 to this nanoseconds
    mem_step: int = 1   # memory is a multiple of this, in MiB
    gdb: str = "gdb"    # Debian's plain gdb knows only the host's own machine
    hosts: tuple = ()   # whose KVM can run it, as uname calls them
    irq_flags: tuple = ()   # where QEMU shows whether a CPU takes interrupts: pattern and bit
    page_sizes: tuple = ("4k",)     # base pages a kernel can be built for; the first is the default
    page_size: str = "4k"           # the one meant here

    @property
    def image(self):
        """What this kernel is called among all that are built."""
        plain = self.page_size == self.page_sizes[0]
        return self.name if plain else f"{self.name}-{self.page_size}"


X86_64 = Arch(
    name="x86_64",
    qemu="qemu-system-x86_64",
    package="qemu-system-x86",
    compiler="gcc",
    elf_machine=62,
    cpu="qemu64",
    kvm_cpus=("host", "qemu64"),
    machines={
        "microvm": "microvm,acpi=on,pit=on,pic=on,rtc=on,isa-serial=on,auto-kernel-cmdline=off",
        "q35": "q35",
        "pc": "pc",
        "iso": "q35",
    },
    max_cpus=255,
    channels={
        "console": ("-serial", "chardev:{}"),
        "stdout": ("-device", "isa-debugcon,iobase=0xe9,chardev={}"),
        "stderr": ("-device", "isa-debugcon,iobase=0xea,chardev={}"),
        "trace": ("-device", "isa-debugcon,iobase=0xeb,chardev={}"),
        "control": ("-device", "isa-debugcon,iobase=0xec,chardev={}"),
    },
    exit_options=("-device", "isa-debug-exit,iobase=0xf4,iosize=4"),
    hosts=("x86_64", "i686"),
    irq_flags=(r"\b[ER]FL=([0-9a-f]+)", 0x200),
)

PPC64LE = Arch(
    name="ppc64le",
    qemu="qemu-system-ppc64",
    package="qemu-system-ppc",
    compiler="powerpc64le-linux-gnu-gcc",
    elf_machine=21,
    cpu="power9",
    kvm_cpus=("host",),
    # The translator has no mitigations to offer, and says so unless they are turned off.
    machines={
        "pseries": "pseries,ic-mode=xics,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,"
                   "cap-ccf-assist=off",
    },
    max_cpus=1024,
    channels={name: ("-device", f"spapr-vty,chardev={{}},reg={0x71000010 + number:#x}")
              for number, name in enumerate(CHANNELS)},
    exit_options=("-action", "panic=exit-failure"),
    exit_channel=True,
    firmware="firmware.bin",
    # With shorter instructions waits of the virtual clock take too many of them.
    icount_shift=5,
    mem_step=256,
    gdb="gdb-multiarch",
    hosts=("ppc64le", "ppc64"),
    irq_flags=(r"\bMSR ([0-9a-f]+)", 0x8000),
    page_sizes=("4k", "64k"),
)

ARCHES = {"x86_64": X86_64, "ppc64le": PPC64LE}


def get(name, page_size=None):
    if name not in ARCHES:
        raise Error(f"--arch {name}: unknown architecture; there is {', '.join(ARCHES)}")
    arch = ARCHES[name]
    page_size = page_size or arch.page_sizes[0]
    if page_size not in arch.page_sizes:
        raise Error(f"--page-size {page_size}: {name} has {', '.join(arch.page_sizes)}")
    return replace(arch, page_size=page_size)


@dataclass
class Setup:
    """One guest, fully decided."""
    arch: Arch
    qemu: str
    machine: str
    mode: str
    cpu: str
    smp: int
    mem: int
    words: str
    dir: Path
    initrd: Path = None
    gdb: bool = False
    qmp: Path = None

    @property
    def kernel(self):
        return build_dir(self.arch.image) / "faultline.elf"

    @property
    def firmware(self):
        return build_dir(self.arch.image) / self.arch.firmware

    @property
    def iso(self):
        return build_dir(self.arch.image) / "faultline.iso"


def escaped(text):
    """QEMU's options end at a comma; a comma in a value is written twice."""
    return str(text).replace(",", ",,")


def channel_options(setup):
    options = []
    for name, (option, value) in setup.arch.channels.items():
        path = escaped(setup.dir / CHANNELS[name])
        options += ["-chardev", f"file,id={name},path={path}", option, value.format(name)]
    return options


def boot_options(setup):
    """A GRUB image has its own command line; ours then travels by fw_cfg."""
    if setup.machine == "iso":
        words = escaped(setup.words)
        return ["-cdrom", shown(setup.iso),
                "-fw_cfg", f"name=opt/faultline/cmdline,string={words}"]
    initrd = setup.initrd or build_dir(setup.arch.image) / "initrd.cpio"
    firmware = ["-bios", shown(setup.firmware)] if setup.arch.firmware else []
    return firmware + ["-kernel", shown(setup.kernel), "-initrd", shown(initrd),
                       "-append", setup.words]


def command(setup):
    """The whole QEMU command line as a list."""
    line = [setup.qemu, "-M", setup.arch.machines[setup.machine]]
    line += [word.format(shift=setup.arch.icount_shift) for word in ACCEL[setup.mode]]
    line += ["-cpu", setup.cpu, "-smp", str(setup.smp), "-m", str(setup.mem)]
    line += ["-nodefaults", "-display", "none", "-no-reboot"]
    line += channel_options(setup)
    line += setup.arch.exit_options
    if setup.qmp:
        line += ["-qmp", f"unix:{escaped(setup.qmp)},server=on,wait=off"]
    if setup.gdb:
        line += ["-s", "-S"]
    return line + boot_options(setup)


def qemu_name(arch):
    return os.environ.get("QEMU") or arch.qemu


def find_qemu(arch):
    """The QEMU to use, or an error that says how to get one."""
    name = qemu_name(arch)
    found = shutil.which(name)
    if found:
        return found
    if os.environ.get("QEMU"):
        raise Error(f"QEMU={name} cannot be run; is the path right?", BROKEN)
    raise Error(f"{name} was not found; install it (on Debian: apt install {arch.package}) "
                "or set QEMU=", BROKEN)


def qemu_version(qemu):
    try:
        done = subprocess.run([qemu, "--version"], capture_output=True, text=True,
                              timeout=20, stdin=subprocess.DEVNULL, errors="replace")
    except (OSError, subprocess.TimeoutExpired) as err:
        raise Error(f"{qemu} --version does not answer: {err}", BROKEN)
    return (done.stdout.splitlines() or ["unknown"])[0]
