# SPDX-License-Identifier: GPL-2.0-only
# Faultline's build. "make help" lists what there is.
#
#   ARCH=x86_64|ppc64le the architecture
#   PAGE_SIZE=4k|64k    the size of base pages; 64k on ppc64le only
#   CC=gcc|clang        the compiler
#   LAB=0               without instruments (lab/)
#   SAN=ub              undefined behaviour traps
#   BUILD=DIR           where to build; by default build/$(ARCH), with -64k, -clang, -nolab or
#                       -ub added
#   V=1                 shows the commands

ARCH ?= x86_64
PAGE_SIZE ?= 4k
LAB ?= 1
SAN ?=
# How many mutants the sources hold; set by tools/mutants for its copy of them.
MUTANTS ?= 0
CROSS_ppc64le := powerpc64le-linux-gnu-
CROSS_$(shell uname -m) :=
CROSS := $(CROSS_$(ARCH))
ifeq ($(origin CC),default)
CC := $(CROSS)gcc
endif
ifeq ($(origin LD),default)
LD := $(CROSS)ld
endif
NM ?= $(CROSS)nm
OBJCOPY ?= $(CROSS)objcopy
MUSL_CC ?= musl-gcc
# Debian has no musl for other machines; glibc serves there.
USER_CC := $(if $(filter x86_64,$(ARCH)),$(MUSL_CC),$(CROSS)gcc)
PYTHON ?= python3
export NM

ifeq ($(filter $(PAGE_SIZE),4k $(if $(filter ppc64le,$(ARCH)),64k)),)
$(error PAGE_SIZE=$(PAGE_SIZE): there is 4k, and on ppc64le (ARCH=ppc64le) 64k)
endif
PAGE_64K := $(filter 64k,$(PAGE_SIZE))
CLANG := $(if $(findstring clang,$(CC)),1)
FLAVOUR := $(if $(PAGE_64K),-64k)$(if $(CLANG),-clang)$(if $(filter 0,$(LAB)),-nolab)
FLAVOUR := $(FLAVOUR)$(if $(SAN),-$(SAN))
BUILD ?= build/$(ARCH)$(FLAVOUR)
ELF := $(BUILD)/faultline.elf
INITRD := $(BUILD)/initrd.cpio
ISO := $(BUILD)/faultline.iso
FIRMWARE := $(if $(filter ppc64le,$(ARCH)),$(BUILD)/firmware.bin)
Q := $(if $(V),,@)
QUIET := $(V)$(findstring s,$(firstword -$(MAKEFLAGS)))
say = $(if $(QUIET),,@echo "  $(1)	$(patsubst $(BUILD)/%,%,$@)")

# --- what is compiled, and how ---
DIRS := boot/$(ARCH) arch/$(ARCH) kernel lab mm tests/kernel
SOURCES := $(sort $(wildcard $(addsuffix /*.c,$(DIRS)) $(addsuffix /*.S,$(DIRS))))
OBJECTS := $(addprefix $(BUILD)/,$(addsuffix .o,$(SOURCES)))
USER_SOURCES := $(sort $(wildcard tests/user/*.c tests/bench/*.c))
USER_OBJECTS := $(addprefix $(BUILD)/,$(addsuffix .o,$(USER_SOURCES)))

WARNINGS := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla -Wundef
CPPFLAGS := -I. -Iarch/$(ARCH)/include -DLAB=$(LAB) -DMUTANTS=$(MUTANTS) \
	$(if $(PAGE_64K),-DPAGE_SHIFT=16)
CFLAGS := -std=gnu11 -ffreestanding -O2 -g $(WARNINGS) -fno-common -fno-strict-aliasing \
	-fno-omit-frame-pointer -fno-optimize-sibling-calls -fno-pic -fno-pie \
	-fno-stack-protector -fno-asynchronous-unwind-tables
CFLAGS_x86_64 := -mno-red-zone -mgeneral-regs-only -mcmodel=kernel -fcf-protection=none
CFLAGS_ppc64le := -mcpu=power9 -mabi=elfv2 -mcmodel=medium -msoft-float -mno-altivec -mno-vsx
# Its own assembler has no tlbiel with five operands.
CFLAGS_clang_ppc64le := --target=powerpc64le-linux-gnu -fno-integrated-as
CFLAGS += $(CFLAGS_$(ARCH)) \
	$(if $(CLANG),$(CFLAGS_clang_$(ARCH)),-fno-tree-loop-distribute-patterns)
# Changed sources need not please.
CFLAGS += $(if $(filter-out 0,$(MUTANTS)),-w)
ifeq ($(SAN),ub)
CFLAGS += -fsanitize=undefined -fsanitize-undefined-trap-on-error
endif
LDFLAGS := -nostdlib -static --build-id=none \
	-z max-page-size=$(if $(PAGE_64K),65536,4096) -z noexecstack
USER_CFLAGS := -std=gnu11 -O2 -g $(WARNINGS) -I. -Iarch/$(ARCH) -pthread

all: $(ELF) $(INITRD) $(FIRMWARE)

# A tool that is missing is named, with the way to get it.
need = $(Q)command -v $(1) >/dev/null || \
	{ echo "make: $(1) is missing; get it with: make deps" >&2; exit 1; }

# Other settings in the same directory compile everything again; a file less links again.
$(BUILD)/settings: NOW := $(CC) $(CPPFLAGS) $(CFLAGS) $(USER_CC) $(USER_CFLAGS)
$(BUILD)/sources: NOW := $(SOURCES) $(USER_SOURCES)
$(BUILD)/settings $(BUILD)/sources: FORCE
	$(call need,$(CC))
	$(call need,$(LD))
	$(call need,$(PYTHON))
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(NOW)' | cmp -s - $@ || echo '$(NOW)' >$@

# Tests run in the order of their file; gcc would turn it round.
$(BUILD)/tests/kernel/%.o: CFLAGS += $(if $(CLANG),,-fno-toplevel-reorder)

$(OBJECTS): $(BUILD)/%.o: % $(BUILD)/settings
	$(Q)mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# --- the image: linked twice, the second time with its own symbol table ---
$(BUILD)/linker.ld: linker.ld $(BUILD)/settings
	$(Q)$(CC) -E -P -undef -x assembler-with-cpp $(CPPFLAGS) -MMD -MP -MT $@ -o $@ $<

$(BUILD)/symtab1.c: tools/gen-symtab.py | $(BUILD)/settings
	$(Q)$(PYTHON) $< >$@
$(BUILD)/symtab2.c: $(BUILD)/pass1.elf
	$(Q)$(PYTHON) tools/gen-symtab.py $< >$@
$(BUILD)/symtab%.o: $(BUILD)/symtab%.c
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/pass1.elf: $(BUILD)/linker.ld $(BUILD)/sources $(OBJECTS) $(BUILD)/symtab1.o
	$(call say,LD)
	$(Q)$(LD) $(LDFLAGS) -T $(BUILD)/linker.ld -o $@ $(OBJECTS) $(BUILD)/symtab1.o
$(ELF): $(BUILD)/pass1.elf $(BUILD)/symtab2.o
	$(call say,LD)
	$(Q)$(LD) $(LDFLAGS) -T $(BUILD)/linker.ld -o $@.tmp $(OBJECTS) $(BUILD)/symtab2.o
	$(Q)$(PYTHON) tools/gen-symtab.py --check $< $@.tmp
	$(Q)mv $@.tmp $@

# --- what the machine starts instead of its own firmware ---
$(BUILD)/firmware.o: boot/$(ARCH)/firmware/stub.S $(BUILD)/settings
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/firmware.bin: $(BUILD)/firmware.o
	$(call say,BIN)
	$(Q)$(OBJCOPY) -O binary -j .text $< $@

# --- the initrd: one static program that holds all tests and benchmarks of user mode ---
$(USER_OBJECTS): $(BUILD)/%.o: % $(BUILD)/settings
	$(call need,$(USER_CC))
	$(Q)mkdir -p $(@D)
	$(call say,USERCC)
	$(Q)$(USER_CC) $(USER_CFLAGS) -MMD -MP -c -o $@ $<
USER_LDFLAGS := -static -Wl,-z,norelro
$(BUILD)/utest: $(BUILD)/sources $(USER_OBJECTS)
	$(call say,USERLD)
	$(Q)$(USER_CC) $(USER_LDFLAGS) -pthread -o $@ $(USER_OBJECTS) -lm
UTEST := $(if $(USER_SOURCES),$(BUILD)/utest)
# A program of which a part lies in the same GiB, megabytes from the rest: tests/user/apart.c.
APART_x86_64 := 0x800000
APART_ppc64le := 0x10800000
APART_OBJECTS := $(patsubst %,$(BUILD)/tests/user/%.c.o,apart main options util)
$(BUILD)/apart: $(APART_OBJECTS)
	$(call say,USERLD)
	$(Q)$(USER_CC) $(USER_LDFLAGS),--section-start=.apart=$(APART_$(ARCH)),-s -pthread \
		-o $@ $(APART_OBJECTS)
# The same with glibc everywhere, for --exec; the objects stand for the headers it depends on.
$(BUILD)/utest-glibc: $(BUILD)/sources $(USER_OBJECTS)
	$(call say,USERLD)
	$(Q)$(CROSS)gcc $(USER_CFLAGS) $(USER_LDFLAGS) -o $@ $(USER_SOURCES) -lm
glibc: $(BUILD)/utest-glibc
$(INITRD): tools/mkinitrd.py $(BUILD)/sources $(UTEST) $(BUILD)/apart
	$(call say,CPIO)
	$(Q)$(PYTHON) $< $@ $(if $(UTEST),bin/utest=$(UTEST)) bin/apart=$(BUILD)/apart

# --- a boot medium ---
iso: $(ISO)
$(ISO): $(ELF) $(INITRD) boot/grub.cfg
	$(call need,grub-mkrescue)
	$(call need,xorriso)
	$(call need,mformat)
	$(call say,ISO)
	$(Q)mkdir -p $(BUILD)/iso/boot/grub
	$(Q)cp boot/grub.cfg $(BUILD)/iso/boot/grub/
	$(Q)cp $(ELF) $(INITRD) $(BUILD)/iso/boot/
	$(Q)grub-mkrescue -d /usr/lib/grub/i386-pc -o $@ $(BUILD)/iso >$(BUILD)/iso.log 2>&1 || \
		{ cat $(BUILD)/iso.log >&2; exit 1; }

# --- running; the runner builds what it needs. Without ARCH= the tables cover all architectures ---
ONE_ARCH := $(if $(filter file,$(origin ARCH)),,--arch $(ARCH))
TABLES := smoke check deadlock-100 replay-check
run $(TABLES): all
	$(Q)$(PYTHON) tools/runner --profile $@ $(ONE_ARCH)
bench: all
	$(Q)$(PYTHON) tools/bench.py $(if $(filter x86_64,$(ARCH)),,--exact) --arch $(ARCH)
# Every defect of lab/bug.h against the tests that must catch it; ONLY=GLOB takes some.
mutants: all
	$(Q)$(PYTHON) tools/mutants switches $(ONE_ARCH) $(if $(ONLY),--only '$(ONLY)')
# Hundreds of small defects made from the sources; N=NUMBER SEED=NUMBER draws some, ONLY=GLOB too.
mutants-machine:
	$(Q)$(PYTHON) tools/mutants machine $(ONE_ARCH) $(if $(ONLY),--only '$(ONLY)') \
		$(if $(N),--number '$(N)') $(if $(SEED),--seed '$(SEED)')
# The README's picture, from a trace of the test that it shows.
picture: all
	$(Q)$(PYTHON) tools/runner --quiet --smp 2 --mode replay --trace deadlock.zap_spin
	$(Q)$(PYTHON) tools/trace-picture.py $${OUT:-out}/latest/trace.bin \
		-o docs/pictures/deadlock.svg
# Beside it, in another terminal: ./run-qemu.sh --gdb
gdb: $(ELF)
	$(call need,gdb)
	$(Q)gdb -ex 'target remote :1234' $(ELF)

# --- for people who work on it ---
# A few seeds of it are among the tests in tests/host.
fuzz:
	$(Q)$(MAKE) -s -C tests/host $(if $(CLANG),libfuzzer,fuzz) \
		SEEDS=$(or $(SEEDS),0) STEPS=$(or $(STEPS),20000)
check-lookup:
	$(Q)$(PYTHON) tools/check-lookup.py
models:
	$(call need,spin)
	$(Q)$(PYTHON) tests/models/run.py
lint:
	$(Q)$(PYTHON) tools/lint.py
compile_commands.json: FORCE
	$(Q)$(MAKE) -n -B V=1 --no-print-directory all | $(PYTHON) tools/gen-compdb.py >$@
tags: FORCE
	$(call need,ctags)
	$(Q)ctags -R --languages=C,Asm boot arch kernel lab mm tests

# command:package or file:package, installed from Debian if the command is missing
TOOLS_ppc64le := powerpc64le-linux-gnu-gcc:gcc-powerpc64le-linux-gnu \
	/usr/powerpc64le-linux-gnu/lib/libc.a:libc6-dev-ppc64el-cross \
	qemu-system-ppc64:qemu-system-ppc dtc:device-tree-compiler
TOOLS := gcc:gcc ld:binutils python3:python3 musl-gcc:musl-tools \
	qemu-system-x86_64:qemu-system-x86 grub-mkrescue:grub-common \
	/usr/lib/grub/i386-pc/boot.img:grub-pc-bin xorriso:xorriso mformat:mtools \
	$(if $(filter ppc64le,$(ARCH))$(filter $(TABLES),$(MAKECMDGOALS)),$(TOOLS_ppc64le)) \
	$(if $(filter check mutants-machine,$(MAKECMDGOALS)),\
		/usr/lib/python3/dist-packages/clang/cindex.py:python3-clang) \
	$(if $(filter check models,$(MAKECMDGOALS)),spin:spin)
deps:
	@missing=; for tool in $(TOOLS); do \
		command -v $${tool%%:*} >/dev/null || test -e $${tool%%:*} || \
		missing="$$missing $${tool#*:}"; done; \
	if [ -z "$$missing" ]; then echo "make deps: every tool is there"; exit 0; fi; \
	sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	echo "make deps: installing$$missing ($$sudo apt-get install)"; \
	$$sudo apt-get update -qq && \
	$$sudo env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends $$missing

clean:
	rm -rf build compile_commands.json tags

help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' Makefile
	@echo "Targets:"
	@echo "  all                   the image and the initrd, in $(BUILD)"
	@echo "  deps                  installs the tools that are missing (Debian)"
	@echo "  run smoke check       boots with all tests; a quick and a full table of boots"
	@echo "  deadlock-100          the deadlock tests under 100 seeds"
	@echo "  replay-check          that replays repeat bit for bit"
	@echo "  mutants               every defect against its tests: which are killed (ONLY=GLOB)"
	@echo "  mutants-machine       hundreds of made defects (N= SEED= draw some, ONLY=GLOB)"
	@echo "  bench                 measures the fault paths"
	@echo "  picture               draws the README's picture out of a trace"
	@echo "  glibc                 the test programs linked with glibc, for --exec"
	@echo "  iso                   a GRUB boot medium"
	@echo "  gdb                   gdb on a guest started with ./run-qemu.sh --gdb"
	@echo "  check-lookup          for who changed the lookup: is it right, what does it cost"
	@echo "  fuzz                  the memory calls against a model: SEED= SEEDS= STEPS= BUG="
	@echo "  models                spin looks at every state of the protocols' models"
	@echo "  lint                  style, sizes, references of the documents"
	@echo "  compile_commands.json tags clean"

FORCE:
.PHONY: all iso glibc run smoke check deadlock-100 replay-check mutants mutants-machine bench \
	picture gdb fuzz check-lookup models lint deps clean help FORCE
.DELETE_ON_ERROR:
-include $(OBJECTS:.o=.d) $(BUILD)/firmware.d $(USER_OBJECTS:.o=.d) $(BUILD)/linker.d
