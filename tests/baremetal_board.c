/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The board of ports/baremetal-aarch64 in this process, so that its program, every file of it but board.c and start.S, runs on the model of an SMMUv3: what
 * QEMU's SMMU did can be compared with what the model does. The same registers at the same addresses, two edu devices behind the same configuration space, the
 * same interrupts; time goes on only while nothing is pending. Memory is this program's own .bss, from 1 GiB on for the bus.
 *
 *	baremetal [-i "IDR0 IDR1 IDR3 IDR5 AIDR"] [-g] [-s SEED] [FILE]
 *
 * -g: no GBPA. -s: the model makes use of what the architecture leaves open. FILE: what log.h notes.
 *
 * Without -i it is the SMMUv3 of QEMU 7.2. Like QEMU's, commands are carried out within the store that submits them, and a DMA that is refused is tried
 * on from the next aligned word of up to four bytes. The exit status is the program's, or 1 if the driver broke a duty of the model's.
 */
#include <iovm/smmuv3_model.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "glue.h"
#include "log.h"
#include "pci.h"

enum { SMMU = 0x09050000, SMMU_GBPA = 0x44, BAR_SIZE = 1 << 20, EDUS = 2, FIRST_PIN = 3 };
enum { EDU_IRQ_STATUS = 0x24, EDU_IRQ_ACK = 0x64, EDU_SOURCE = 0x80, EDU_DEST = 0x88, EDU_COUNT = 0x90, EDU_COMMAND = 0x98, EDU_TO_MEMORY = 2,
       EDU_BUFFER_AT = 0x40000, EDU_DONE = 0x100, EDU_TAKES = 100000000 };
#define ECAM	0x4010000000u
#define BUS	0x40000000u		/* where memory begins */
#define NEVER	UINT64_MAX

struct device {				/* an edu: device i + 1 of bus 0 */
	uint32_t bar, status;
	uint64_t source, dest, count, command, due;
	uint8_t buffer[EDU_BUFFER];
};
static struct device device[EDUS] = { { .due = NEVER }, { .due = NEVER } };
static struct { bool raised; void (*handler)(void *arg); void *arg; unsigned long taken; } line[BOARD_SPIS];
static struct iovm_smmuv3_model *model;
static const char *file;
static uint64_t now, random_state;
static bool no_gbpa;
static unsigned long commands_broken;	/* by commands that are not legal: those that were spoilt, each time they were tried */

static _Noreturn void give_up(const char *what, uint64_t where)
{
	fflush(stdout);
	fprintf(stderr, "baremetal: %s %llx\n", what, (unsigned long long)where);
	_exit(3);
}

/* ---- memory -------------------------------------------------------------------------------------------------------------------------- */

extern char __bss_start[], _end[];
static uintptr_t memory_begin_at(void) { return (uintptr_t)__bss_start & ~(uintptr_t)0xffff; }

void barrier(void) { atomic_thread_fence(memory_order_seq_cst); }
uint64_t bus_address(const void *p) { return (uintptr_t)p - memory_begin_at() + BUS; }
void *bus_memory(uint64_t address) { return (void *)(memory_begin_at() + (uintptr_t)(address - BUS)); }

static uint8_t *ram(uint64_t address, unsigned bytes)	/* NULL: not all of it */
{
	uint64_t size = (uintptr_t)_end - memory_begin_at();

	return address >= BUS && address - BUS <= size && bytes <= size - (address - BUS) ? bus_memory(address) : NULL;
}

static bool ram_read(void *ctx, uint64_t address, unsigned bytes, uint64_t *value)
{
	const uint8_t *at = ram(address, bytes);

	*value = 0;
	if (at)
		memcpy(value, at, bytes);
	return at;
}

static bool ram_write(void *ctx, uint64_t address, unsigned bytes, uint64_t value)
{
	uint8_t *at = ram(address, bytes);

	if (at)
		memcpy(at, &value, bytes);
	return at;
}

/* ---- the SMMU ----------------------------------------------------------------------------------------------------------------------------- */

static void smmu_line(void *ctx, enum iovm_model_line which)
{
	static const uint8_t spi[] = { [IOVM_MODEL_LINE_GERROR] = SMMU_GERROR_SPI, [IOVM_MODEL_LINE_EVENTQ] = SMMU_EVENT_SPI, [IOVM_MODEL_LINE_SYNC] = SMMU_SYNC_SPI };

	if (which < sizeof spi && spi[which])
		line[spi[which]].raised = true;
}

static void violation(void *ctx, const char *duty, const char *clause, const char *sentence)
{
	if (!strcmp(duty, "command"))
		commands_broken++;
	else
		printf("FAIL  %s (%s): %s\n", duty, clause, sentence);
}

static void settle(void)
{
	while (iovm_smmuv3_model_step(model))
		;
}

static unsigned choose(void *ctx, unsigned n, const char *point)
{
	if (!strcmp(point, "reset-abort"))	/* the program begins with devices that copy while it is off */
		return 0;
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(random_state >> 33) % n;
}

static void smmu_new(const char *idr)
{
	struct iovm_smmuv3_model_config c = { .size = sizeof c, .read = ram_read, .write = ram_write, .line = smmu_line, .violation = violation };

	if (random_state)
		c.choose = choose;
	if (sscanf(idr, "%x %x %x %x %x", &c.idr[0], &c.idr[1], &c.idr[3], &c.idr[5], &c.aidr) != 5)
		give_up("five numbers are wanted after -i", 0);
	model = iovm_smmuv3_model_new(&c);
	if (!model)
		give_up("no model", 0);
}

static bool is_smmu(uint64_t at) { return at >= SMMU && at - SMMU < IOVM_MODEL_REGISTERS; }
static bool is_hidden(uint64_t at) { return no_gbpa && at == SMMU + SMMU_GBPA; }

/* ---- two DMA engines -------------------------------------------------------------------------------------------------------------------------- */

/* One piece: what one translation covers, or the word that is refused. How long it was */
static unsigned dma_piece(struct device *d, uint64_t iova, uint8_t *buffer, unsigned most)
{
	bool to_memory = d->command & EDU_TO_MEMORY;
	struct iovm_model_access access = { .stream_id = (uint32_t)(d - device + 1) << 3, .pasid = IOVM_MODEL_NO_PASID, .addr = iova,
					    .flags = (to_memory ? IOVM_MODEL_WRITE : IOVM_MODEL_READ) | IOVM_MODEL_PCIE };
	struct iovm_model_result r;
	unsigned n = 4;
	uint8_t *at;

	iovm_smmuv3_model_translate(model, &access, &r);
	if (r.outcome == IOVM_MODEL_OK)
		n = PAGE - iova % PAGE < most ? PAGE - (unsigned)(iova % PAGE) : most;
	else
		while (n > most || iova % n)
			n /= 2;
	at = r.outcome == IOVM_MODEL_OK ? ram(r.addr, n) : NULL;
	if (!to_memory && at)
		memcpy(buffer, at, n);
	else if (!to_memory)
		memset(buffer, 0, n);
	else if (at)
		memcpy(at, buffer, n);
	return n;
}

static void dma(struct device *d)
{
	bool to_memory = d->command & EDU_TO_MEMORY;
	uint64_t iova = to_memory ? d->dest : d->source, offset = (to_memory ? d->source : d->dest) - EDU_BUFFER_AT;
	unsigned at;

	if (offset > EDU_BUFFER || d->count > EDU_BUFFER - offset)
		give_up("an edu device was told to leave its buffer:", offset);
	for (at = 0; at < d->count; )
		at += dma_piece(d, iova + at, d->buffer + offset + at, (unsigned)d->count - at);
	settle();
	d->status = EDU_DONE;
	d->due = NEVER;
}

static void device_write(struct device *d, uint64_t offset, uint64_t value)
{
	switch (offset) {
	case EDU_IRQ_ACK: d->status &= ~(uint32_t)value; break;
	case EDU_SOURCE: d->source = value; break;
	case EDU_DEST: d->dest = value; break;
	case EDU_COUNT: d->count = value; break;
	case EDU_COMMAND:
		d->command = value;
		d->due = now + EDU_TAKES;
		break;
	default: give_up("an edu device has no register at", offset);
	}
}

static struct device *device_at(uint64_t at)
{
	unsigned i;

	for (i = 0; i < EDUS; i++)
		if (device[i].bar && at >= device[i].bar && at - device[i].bar < BAR_SIZE)
			return &device[i];
	give_up("nothing is on the bus at", at);
}

static uint32_t *config_at(uint64_t at)		/* of a device that is there: its base address register; else NULL */
{
	uint64_t d = (at - ECAM) >> 15;

	return d >= 1 && d <= EDUS ? &device[d - 1].bar : NULL;
}

/* ---- registers ------------------------------------------------------------------------------------------------------------------------------------ */

uint32_t mmio_read32(uint64_t at)
{
	if (is_smmu(at))
		return is_hidden(at) ? 0 : (uint32_t)iovm_smmuv3_model_read(model, (uint32_t)(at - SMMU), 4);
	if (at < ECAM)
		return device_at(at)->status;		/* the one that is read */
	if (!config_at(at))
		return UINT32_MAX;
	return at & 0xfff ? *config_at(at) : 0x11e81234;
}

void mmio_write64(uint64_t at, uint64_t value)
{
	struct device *d = device_at(at);

	device_write(d, at - d->bar, value);
}

void mmio_write32(uint64_t at, uint32_t value)
{
	if (is_smmu(at)) {
		if (!is_hidden(at))
			iovm_smmuv3_model_write(model, (uint32_t)(at - SMMU), 4, value);
		settle();
	} else if (at < ECAM) {
		mmio_write64(at, value);
	} else {
		*config_at(at) = value & ~(uint32_t)(BAR_SIZE - 1);
	}
}

void mmio_write16(uint64_t at, uint16_t value) { }	/* PCI_COMMAND: it is always on */

/* ---- time, interrupts -------------------------------------------------------------------------------------------------------------------------------- */

void board_start(void) { }
uint64_t board_now(void) { return now += 1000; }
unsigned long board_irqs(unsigned spi) { return line[spi].taken; }

void board_irq(unsigned spi, bool edge, void (*handler)(void *arg), void *arg)
{
	line[spi].handler = handler;
	line[spi].arg = arg;
	line[spi].raised = false;
}

static unsigned pending(void)		/* BOARD_SPIS: none */
{
	unsigned i;

	for (i = 0; i < EDUS; i++)
		if (device[i].status)
			line[FIRST_PIN + (i + 1) % 4].raised = true;
	for (i = 0; i < BOARD_SPIS && !(line[i].raised && line[i].handler); i++)
		;
	return i;
}

static void sleep_until(uint64_t until)
{
	struct device *first = device[1].due < device[0].due ? &device[1] : &device[0];

	if (first->due == NEVER && until == NEVER)
		give_up("sleeps for ever", now);
	if (first->due > until) {
		now = until > now ? until : now;
		return;
	}
	now = first->due;
	dma(first);
}

void board_idle(uint64_t until)
{
	unsigned spi;

	if (pending() == BOARD_SPIS)
		sleep_until(until);
	while ((spi = pending()) < BOARD_SPIS) {
		line[spi].raised = false;
		line[spi].taken++;
		line[spi].handler(line[spi].arg);
	}
}

/* ---- text, files, the end ------------------------------------------------------------------------------------------------------------------------------- */

void board_vsay(const char *format, va_list args) { vprintf(format, args); }

void board_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	board_vsay(format, args);
	va_end(args);
}

bool board_arguments(char *text, size_t size)
{
	return file && (size_t)snprintf(text, size, "baremetal %s", file) < size;
}

bool board_file(const char *name, const void *from, size_t size)
{
	FILE *f = fopen(name, "wb");
	bool ok = f && fwrite(from, 1, size, f) == size;

	return f && !fclose(f) && ok;
}

/* A duty that never mattered was not tested; those of page requests, stalls and device TLBs cannot matter here */
static bool judge(void)
{
	static const char *const wanted[] = { "access", "guard", "update", "gerrorn", "setup", "init", "prod", "entry", "command", "cons", "cfgi", "asid", "acknowledged" };
	uint64_t broken = iovm_smmuv3_model_judge(model);
	struct iovm_model_duty duty;
	unsigned long spoilt = log_spoilt * LOG_TRIES;
	unsigned n, i, untested = 0;

	for (n = 0; iovm_smmuv3_model_duty(model, n, &duty); n++)
		for (i = 0; i < sizeof wanted / sizeof *wanted; i++)
			if (!strcmp(duty.name, wanted[i]) && !duty.checked) {
				fprintf(stderr, "the model: %s was never tested\n", duty.name);
				untested++;
			}
	fprintf(stderr, "the model: %llu duties broken, %lu of them by commands that the program spoilt\n", (unsigned long long)broken, spoilt);
	return !untested && broken == spoilt && commands_broken == spoilt;
}

_Noreturn void board_exit(long code)
{
	bool good = judge();

	iovm_smmuv3_model_del(model);
	fflush(stdout);
	_exit(code ? (int)code : !good);
}

/* The linker gives our name to what the C library calls, and the other to the program's own main() */
int __wrap_main(int argc, char **argv);
int __real_main(void);
int __wrap_main(int argc, char **argv)
{
	const char *idr = "0d40101a 02730010 00001404 00000074 1";
	int c;

	while ((c = getopt(argc, argv, "i:gs:")) != -1)
		if (c == 'i')
			idr = optarg;
		else if (c == 'g')
			no_gbpa = true;
		else if (c == 's')
			random_state = strtoull(optarg, NULL, 0) * 0x9e3779b97f4a7c15u;
		else
			return 2;
	file = argv[optind];
	smmu_new(idr);
	return __real_main();
}
