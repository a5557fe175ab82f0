/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NMIs from a timer: channel 0 of the PIT, through pin 2 of the I/O APIC in delivery mode NMI.
 *
 * No CPU has to send them and none has to take interrupts. The channel counts down once (mode 0):
 * its output, which the read-back command shows, is high from the end of the count until it is
 * started again, and so tells this NMI from others. One that is on its way when another CPU starts
 * the channel again is remembered by the time of that. Owns the PIT and the I/O APIC, which nothing
 * else uses. Started on any CPU, served on the boot CPU; if the two should meet the count is wrong
 * once and the watchdog starts it again.
 *
 * Source: Intel 8254 data sheet (mode 0, read-back command); Intel 82093AA data sheet (redirection
 * table); pin 2 is where PCs have interrupt 0 (ACPI 5.2.12.5).
 */
#include "arch/nmi.h"
#include "arch/x86_64/internal.h"
#include "arch/x86_64/io.h"
#include "kernel/boot.h"
#include "kernel/cpu.h"
#include "kernel/time.h"

#define IOAPIC_PHYS 0xfec00000UL
#define IOAPIC_SELECT 0x00
#define IOAPIC_WINDOW 0x10
#define IOAPIC_VERSION 1
#define IOAPIC_PIN_LOW(pin) (0x10 + 2 * (pin))
#define IOAPIC_PIN_HIGH(pin) (0x11 + 2 * (pin))
#define IOAPIC_NMI 0x400 /* edge, physical destination, not masked */
#define PIT_PIN 2

#define PIT_CHANNEL_0 0x40
#define PIT_COMMAND 0x43
#define PIT_ONE_SHOT 0x30 /* channel 0, both bytes, mode 0, binary */
#define PIT_READ_STATUS 0xe2 /* of channel 0 */
#define PIT_STATUS_OUT BIT(7)
#define PIT_STATUS_MODE 0x3f
#define PIT_LATE_NS (5 * NSEC_PER_SEC) /* an NMI that has not come by then was lost */
#define PIT_LONGEST 0xffff /* 55 ms */

static volatile char *ioapic;
static bool pit_works;
static u64 pit_restarted_ns; /* when it was started though its NMI may still come */

void nmi_timer_init_boot(void)
{
	ioapic = mmu_map_device(IOAPIC_PHYS);
}

static void ioapic_write(u32 reg, u32 value)
{
	*(volatile u32 *)(ioapic + IOAPIC_SELECT) = reg;
	*(volatile u32 *)(ioapic + IOAPIC_WINDOW) = value;
}

static u32 ioapic_read(u32 reg)
{
	*(volatile u32 *)(ioapic + IOAPIC_SELECT) = reg;
	return *(volatile u32 *)(ioapic + IOAPIC_WINDOW);
}

static void pit_start(void)
{
	outb(PIT_COMMAND, PIT_ONE_SHOT);
	outb(PIT_CHANNEL_0, PIT_LONGEST & 0xff);
	outb(PIT_CHANNEL_0, PIT_LONGEST >> 8);
}

static u8 pit_status(void)
{
	outb(PIT_COMMAND, PIT_READ_STATUS);
	return inb(PIT_CHANNEL_0);
}

bool arch_nmi_timer_start(void)
{
	u32 version = ioapic_read(IOAPIC_VERSION);

	if (!version || version == ~0U)
		return false;
	if (pit_works && pit_status() & PIT_STATUS_OUT)
		WRITE_ONCE(pit_restarted_ns, time_ns());
	pit_start();
	pit_works = (pit_status() & PIT_STATUS_MODE) == PIT_ONE_SHOT;
	if (!pit_works)
		return false;
	ioapic_write(IOAPIC_PIN_HIGH(PIT_PIN), boot_info.cpu_hwid[0] << 24);
	ioapic_write(IOAPIC_PIN_LOW(PIT_PIN), IOAPIC_NMI);
	return true;
}

bool arch_nmi_timer_due(void)
{
	u64 restarted = READ_ONCE(pit_restarted_ns);

	if (!pit_works || cpu_id() != 0)
		return false;
	if (pit_status() & PIT_STATUS_OUT) {
		pit_start();
		return true;
	}
	WRITE_ONCE(pit_restarted_ns, 0);
	return restarted && time_ns() - restarted < PIT_LATE_NS;
}
