/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output: the first UART carries the log, QEMU's debug ports the other channels.
 *
 * Owns COM1. No locking: callers order their writes (kernel/printk.c), and a panic or an NMI must
 * be able to write in the middle of another write.
 *
 * Source: National Semiconductor PC16550D data sheet.
 */
#include "arch/console.h"
#include "arch/x86_64/internal.h"
#include "arch/x86_64/io.h"

#define COM1 0x3f8
#define UART_DATA (COM1 + 0)
#define UART_IRQ_ENABLE (COM1 + 1)
#define UART_FIFO_CONTROL (COM1 + 2)
#define UART_LINE_CONTROL (COM1 + 3)
#define UART_MODEM_CONTROL (COM1 + 4)
#define UART_LINE_STATUS (COM1 + 5)
#define UART_FIFO_EMPTY 0x20
#define UART_FIFO_SIZE 16
/* Reads of the line status before bytes are sent all the same: about a second. */
#define UART_POLLS 1000000

#define DEBUG_PORT_BASE 0xe9

void console_init(void)
{
	outb(UART_IRQ_ENABLE, 0);
	outb(UART_LINE_CONTROL, 0x83); /* 8N1, divisor visible */
	outb(UART_DATA, 1);	       /* 115200 baud */
	outb(UART_IRQ_ENABLE, 0);
	outb(UART_LINE_CONTROL, 0x03);
	outb(UART_FIFO_CONTROL, 0x07);	/* on, emptied */
	outb(UART_MODEM_CONTROL, 0x03); /* DTR, RTS */
}

/* QEMU never makes it wait on a file, a full pipe or Bochs do. */
static void uart_write(const char *buf, size_t len)
{
	while (len) {
		size_t n = min(len, (size_t)UART_FIFO_SIZE);

		for (int i = 0; i < UART_POLLS; i++) {
			if (inb(UART_LINE_STATUS) & UART_FIFO_EMPTY)
				break;
			cpu_relax();
		}
		outsb(UART_DATA, buf, n);
		buf += n;
		len -= n;
	}
}

void arch_console_write(enum console_channel channel, const char *buf, size_t len)
{
	if (channel == CONSOLE_LOG)
		uart_write(buf, len);
	else
		outsb(DEBUG_PORT_BASE + (channel - CONSOLE_STDOUT), buf, len);
}
