/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * QEMU's virt machine, as much of it as a program needs: text, time, interrupts, an exit code.
 *
 * Interrupts are taken in one place, board_idle(): everywhere else they are masked and wait in the GIC. So handlers and the rest never meet in the middle,
 * and no wake-up can be lost between a look at a flag and the sleep.
 */
#ifndef BOARD_H
#define BOARD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BOARD_SPIS = 128 };

void board_start(void);				/* GIC and timer; before anything below but board_say() */
_Noreturn void board_exit(long code);		/* the emulator's own exit code */
uint64_t board_now(void);			/* ns */
void board_idle(uint64_t until);		/* sleep until an interrupt was taken or it is that late */

/* Shared peripheral interrupt spi: call handler(arg) for it, from board_idle() */
void board_irq(unsigned spi, bool edge, void (*handler)(void *arg), void *arg);
unsigned long board_irqs(unsigned spi);		/* how many were taken */

void board_say(const char *format, ...) __attribute__((format(printf, 1, 2)));	/* %s %c %u %x %lu %lx %d, width, zero fill, %% */
void board_vsay(const char *format, __builtin_va_list args);
/* The emulator's command line (-semihosting-config arg=...), in text; and a file of the host's, written anew. False: it cannot be */
bool board_arguments(char *text, size_t size);
bool board_file(const char *name, const void *from, size_t size);

uint32_t mmio_read32(uint64_t at);
void mmio_write16(uint64_t at, uint16_t value);
void mmio_write32(uint64_t at, uint32_t value);
void mmio_write64(uint64_t at, uint64_t value);
void barrier(void);				/* between memory and everything on the bus */
uint64_t bus_address(const void *memory);	/* what devices and the SMMU call it, below 4 GiB; and back */
void *bus_memory(uint64_t address);

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);

#endif
