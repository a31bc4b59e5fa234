/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * QEMU virt: GICv2 at 0x08000000, PL011 at 0x09000000, the virtual timer (PPI 27), semihosting for what the board itself cannot do.
 * The SMMU's lines are pulses: a GIC that takes them as levels loses every one.
 */
#include "board.h"

enum { UART = 0x09000000, UART_FLAGS = 0x18, UART_FULL = 0x20 };
enum { GICD = 0x08000000, GICC = 0x08010000, GICD_ENABLE = 0x100, GICD_PRIORITY = 0x400, GICD_TARGETS = 0x800, GICD_CONFIG = 0xc00,
       GICC_PRIORITY_MASK = 0x4, GICC_ACKNOWLEDGE = 0xc, GICC_END = 0x10 };
enum { TIMER_PPI = 27, FIRST_SPI = 32, IRQ_VECTOR = 5 };
enum { SYS_OPEN = 1, SYS_CLOSE = 2, SYS_WRITE = 5, SYS_GET_CMDLINE = 0x15, SYS_EXIT_EXTENDED = 0x20, ADP_APPLICATION_EXIT = 0x20026, MODE_WB = 5 };

static struct {
	void (*handler)(void *arg);
	void *arg;
	unsigned long taken;
} line[BOARD_SPIS];

/* ---- the bus: memory has the same address there -------------------------------------------------------------------------------- */

uint32_t mmio_read32(uint64_t at) { return *(volatile uint32_t *)at; }
void mmio_write16(uint64_t at, uint16_t value) { *(volatile uint16_t *)at = value; }
void mmio_write32(uint64_t at, uint32_t value) { *(volatile uint32_t *)at = value; }
void mmio_write64(uint64_t at, uint64_t value) { *(volatile uint64_t *)at = value; }
void barrier(void) { __asm__ volatile("dsb sy" ::: "memory"); }
uint64_t bus_address(const void *memory) { return (uint64_t)memory; }
void *bus_memory(uint64_t address) { return (void *)address; }

/* ---- memory, by the compiler's contract ------------------------------------------------------------------------------------- */

static bool aligned(const void *a, const void *b) { return (((uintptr_t)a | (uintptr_t)b) & 7) == 0; }

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	for (; aligned(t, f) && n >= 8; n -= 8, t += 8, f += 8)
		*(uint64_t *)t = *(const uint64_t *)f;
	while (n--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	if (t <= f)
		while (n--)
			*t++ = *f++;
	else
		while (n--)
			t[n] = f[n];
	return to;
}

void *memset(void *to, int c, size_t n)
{
	unsigned char *t = to;

	for (; aligned(t, t) && n >= 8; n -= 8, t += 8)
		*(uint64_t *)t = (unsigned char)c * 0x0101010101010101u;
	while (n--)
		*t++ = (unsigned char)c;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	for (; aligned(p, q) && n >= 8 && *(const uint64_t *)p == *(const uint64_t *)q; n -= 8)
		p += 8, q += 8;
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p < *q ? -1 : 1;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

/* ---- text -------------------------------------------------------------------------------------------------------------------------- */

static void put(char c)
{
	while (mmio_read32(UART + UART_FLAGS) & UART_FULL)
		;
	mmio_write32(UART, (unsigned char)c);
}

static void put_number(uint64_t v, unsigned base, unsigned width, char filler)
{
	char digits[24];
	unsigned n = 0;

	do
		digits[n++] = "0123456789abcdef"[v % base];
	while (v /= base);
	for (; width > n; width--)
		put(filler);
	while (n)
		put(digits[--n]);
}

void board_vsay(const char *f, __builtin_va_list args)
{
	for (; *f; f++) {
		const char *s;
		unsigned width = 0;
		char filler = ' ';
		bool wide;
		int d;

		if (*f != '%') {
			put(*f);
			continue;
		}
		if (*++f == '0')
			filler = '0';
		for (; *f >= '0' && *f <= '9'; f++)
			width = width * 10 + (unsigned)(*f - '0');
		wide = *f == 'l';
		f += wide;
		switch (*f) {
		case 'x':
		case 'u':
			put_number(wide ? __builtin_va_arg(args, uint64_t) : __builtin_va_arg(args, uint32_t), *f == 'x' ? 16 : 10, width, filler);
			break;
		case 'd':
			d = __builtin_va_arg(args, int);
			if (d < 0)
				put('-');
			put_number(d < 0 ? -(uint64_t)d : (uint64_t)d, 10, width, filler);
			break;
		case 's':
			for (s = __builtin_va_arg(args, const char *); *s; s++)
				put(*s);
			break;
		case 'c':
			put((char)__builtin_va_arg(args, int));
			break;
		default:
			put(*f);
		}
	}
}

void board_say(const char *format, ...)
{
	__builtin_va_list args;

	__builtin_va_start(args, format);
	board_vsay(format, args);
	__builtin_va_end(args);
}

/* ---- the emulator -------------------------------------------------------------------------------------------------------------------- */

static long semihost(long call, const void *arguments)
{
	register long x0 __asm__("x0") = call;
	register const void *x1 __asm__("x1") = arguments;

	__asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
	return x0;
}

_Noreturn void board_exit(long code)
{
	uint64_t why[2] = { ADP_APPLICATION_EXIT, (uint64_t)code };

	for (;;)
		semihost(SYS_EXIT_EXTENDED, why);
}

bool board_arguments(char *text, size_t size)
{
	uint64_t where[2] = { (uint64_t)text, size };

	return semihost(SYS_GET_CMDLINE, where) == 0;
}

bool board_file(const char *name, const void *from, size_t size)
{
	uint64_t open[3] = { (uint64_t)name, MODE_WB, strlen(name) }, write[3], left;
	long file = semihost(SYS_OPEN, open);

	if (file < 0)
		return false;
	write[0] = (uint64_t)file;
	write[1] = (uint64_t)from;
	write[2] = size;
	left = (uint64_t)semihost(SYS_WRITE, write);
	return semihost(SYS_CLOSE, write) == 0 && !left;
}

/* ---- time and interrupts ---------------------------------------------------------------------------------------------------------------- */

static uint64_t ns_per_tick(void)
{
	uint64_t frequency;

	__asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
	return 1000000000 / frequency;		/* 16 */
}

uint64_t board_now(void)
{
	uint64_t ticks;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
	return ticks * ns_per_tick();
}

static void enable(unsigned id, unsigned priority)
{
	*(volatile uint8_t *)(uint64_t)(GICD + GICD_PRIORITY + id) = (uint8_t)priority;
	mmio_write32(GICD + GICD_ENABLE + id / 32 * 4, 1u << id % 32);
}

void board_start(void)
{
	enable(TIMER_PPI, 0x80);
	mmio_write32(GICD, 1);
	mmio_write32(GICC + GICC_PRIORITY_MASK, 0xff);
	mmio_write32(GICC, 1);
}

void board_irq(unsigned spi, bool edge, void (*handler)(void *arg), void *arg)
{
	unsigned id = FIRST_SPI + spi;
	uint64_t config = GICD + GICD_CONFIG + id / 16 * 4;
	uint32_t bit = 2u << id % 16 * 2;

	line[spi].handler = handler;
	line[spi].arg = arg;
	mmio_write32(config, edge ? mmio_read32(config) | bit : mmio_read32(config) & ~bit);
	*(volatile uint8_t *)(uint64_t)(GICD + GICD_TARGETS + id) = 1;
	enable(id, 0x80);
}

unsigned long board_irqs(unsigned spi) { return line[spi].taken; }

static void timer_set(uint64_t until)	/* UINT64_MAX: never */
{
	if (until == UINT64_MAX)
		__asm__ volatile("msr cntv_ctl_el0, xzr; isb" : : : "memory");
	else
		__asm__ volatile("msr cntv_cval_el0, %0; msr cntv_ctl_el0, %1; isb" : : "r"(until / ns_per_tick() + 1), "r"(1ul) : "memory");
}

void board_idle(uint64_t until)
{
	timer_set(until);
	__asm__ volatile("dsb sy; wfi; msr daifclr, #2; isb; msr daifset, #2" : : : "memory");
	timer_set(UINT64_MAX);
}

static void interrupt(void)
{
	uint32_t id;

	while ((id = mmio_read32(GICC + GICC_ACKNOWLEDGE) & 0x3ff) < 1020) {
		if (id == TIMER_PPI)
			timer_set(UINT64_MAX);
		else if (id >= FIRST_SPI && id < FIRST_SPI + BOARD_SPIS && line[id - FIRST_SPI].handler) {
			line[id - FIRST_SPI].taken++;
			line[id - FIRST_SPI].handler(line[id - FIRST_SPI].arg);
		}
		mmio_write32(GICC + GICC_END, id);
	}
}

void board_exception(unsigned vector);
void board_exception(unsigned vector)
{
	uint64_t esr, elr, far;

	if (vector == IRQ_VECTOR) {
		interrupt();
		return;
	}
	__asm__("mrs %0, esr_el1; mrs %1, elr_el1; mrs %2, far_el1" : "=r"(esr), "=r"(elr), "=r"(far));
	board_say("\nFAIL exception %u: ESR %lx ELR %lx FAR %lx\n", vector, esr, elr, far);
	board_exit(3);
}
