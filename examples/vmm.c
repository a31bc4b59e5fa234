/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A virtual machine monitor gives its guest an SMMUv3: the guest's loads and stores to 128 KiB of registers become calls, the guest's memory is reached by
 * two functions, a device model asks where its DMA goes. Here guest and device are hostile: they do whatever a generator makes them do, a million
 * times, and all that may happen is that the model says which clause was broken.
 *
 *	vmm [accesses [seed]]
 */
#include <inttypes.h>
#include <iovm/smmuv3_model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RAM = 1 << 20 };		/* at guest physical 0 */

struct vm {
	struct iovm_smmuv3_model *smmu;
	uint8_t *ram;
	uint64_t state, violations, interrupts, answers, resumed;
};

static uint64_t chance(struct vm *vm)
{
	vm->state = vm->state * 6364136223846793005u + 1442695040888963407u;
	return vm->state >> 16;
}

/* ---- what the SMMU needs of its host ------------------------------------------------------------------------ */

static bool ram_read(void *ctx, uint64_t addr, unsigned bytes, uint64_t *value)
{
	struct vm *vm = ctx;

	*value = 0;
	if (addr > RAM - bytes)
		return false;		/* nothing there: the SMMU sees an abort */
	memcpy(value, vm->ram + addr, bytes);	/* this host is little-endian, as SMMU memory is */
	return true;
}

static bool ram_write(void *ctx, uint64_t addr, unsigned bytes, uint64_t value)
{
	struct vm *vm = ctx;

	if (addr > RAM - bytes)
		return false;
	memcpy(vm->ram + addr, &value, bytes);
	return true;
}

static void line(void *ctx, enum iovm_model_line which) { ((struct vm *)ctx)->interrupts += which <= IOVM_MODEL_LINE_SYNC; }
static void violation(void *ctx, const char *duty, const char *clause, const char *sentence) { ((struct vm *)ctx)->violations++; }
static unsigned choose(void *ctx, unsigned n, const char *point) { return (unsigned)(chance(ctx) % n); }
static enum iovm_model_atc atc_inv(void *ctx, const struct iovm_model_atc_inv *inv) { return (enum iovm_model_atc)(chance(ctx) % 4); }
static void prg_response(void *ctx, uint32_t stream, uint32_t pasid, uint16_t index, uint8_t code, bool of_smmu) { ((struct vm *)ctx)->answers++; }
static void resume(void *ctx, uint32_t stream, uint32_t stall, enum iovm_model_outcome outcome) { ((struct vm *)ctx)->resumed++; }

/* ---- the guest, and its device ------------------------------------------------------------------------------ */

/* Just enough of a driver that the rest is reached: consumes its queues, acknowledges errors, submits one command, legal now and then */
static void diligent(struct vm *vm)
{
	uint64_t base = iovm_smmuv3_model_read(vm->smmu, 0x90, 8), cons = iovm_smmuv3_model_read(vm->smmu, 0x9c, 4) & 0xfffff;

	iovm_smmuv3_model_write(vm->smmu, 0x100ac, 4, iovm_smmuv3_model_read(vm->smmu, 0x100a8, 4));
	iovm_smmuv3_model_write(vm->smmu, 0x100cc, 4, iovm_smmuv3_model_read(vm->smmu, 0x100c8, 4));
	iovm_smmuv3_model_write(vm->smmu, 0x64, 4, iovm_smmuv3_model_read(vm->smmu, 0x60, 4));
	base = (base & (RAM - 32) & ~(16ull << (base & 15))) + (cons & ((1u << (base & 15)) - 1)) * 16;
	ram_write(vm, base, 8, (chance(vm) & 15) << 32 | (chance(vm) & 0x3847));
	ram_write(vm, base + 8, 8, chance(vm) & 0x2033);
	iovm_smmuv3_model_write(vm->smmu, 0x98, 4, cons + 1);
}

static void guest(struct vm *vm)
{
	static const uint16_t busy[] = { 0x20, 0x50, 0x64, 0x80, 0x88, 0x90, 0x98, 0x9c, 0xa0, 0xc0 };
	uint32_t offset = (uint32_t)(chance(vm) % 3 ? busy[chance(vm) % 10] : chance(vm) % 0x20010);
	uint64_t value = chance(vm) % 2 ? chance(vm) & (RAM - 1) : chance(vm) << 16 | chance(vm);

	if (offset == 0x20 && chance(vm) % 8)
		value = 0x1f;		/* all on, or nothing would ever happen */
	switch (chance(vm) % 4) {
	case 0: iovm_smmuv3_model_read(vm->smmu, offset, chance(vm) % 2 ? 4 : 8); break;
	case 1: case 2: iovm_smmuv3_model_write(vm->smmu, offset, chance(vm) % 2 ? 4 : 8, value); break;
	default: ram_write(vm, chance(vm) & (RAM - 8), 8, value | 3);
	}
}

static void device(struct vm *vm)
{
	struct iovm_model_access dma = { .stream_id = chance(vm) & 15, .pasid = chance(vm) % 2 ? chance(vm) & 7 : IOVM_MODEL_NO_PASID, .addr = chance(vm) & ~7ull,
					 .kind = (uint8_t)(chance(vm) % 3), .flags = (uint8_t)(chance(vm) & 15) };
	struct iovm_model_page_request page = { .stream_id = dma.stream_id, .pasid = dma.pasid, .addr = dma.addr, .index = chance(vm) & 511, .flags = chance(vm) & 31 };
	struct iovm_model_result result;

	iovm_smmuv3_model_translate(vm->smmu, &dma, &result);
	if (chance(vm) % 4 == 0)
		iovm_smmuv3_model_page_request(vm->smmu, &page);
	if (chance(vm) % 4 == 0)
		iovm_smmuv3_model_atc_done(vm->smmu, chance(vm) & 127, chance(vm) % 2);
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000000, i;
	struct vm vm = { .ram = calloc(1, RAM), .state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1 };
	struct iovm_smmuv3_model_config config;
	struct iovm_model_stats stats = { .size = sizeof stats };

	iovm_smmuv3_model_defaults(&config);
	config.ctx = &vm;
	config.read = ram_read, config.write = ram_write, config.choose = choose, config.line = line;
	config.violation = violation, config.atc_inv = atc_inv, config.prg_response = prg_response, config.resume = resume;
	vm.smmu = vm.ram ? iovm_smmuv3_model_new(&config) : NULL;
	if (!vm.smmu)
		return EXIT_FAILURE;
	for (i = 0; i < n; i++) {
		if (i % 16)
			guest(&vm);
		else
			diligent(&vm);
		device(&vm);
		iovm_smmuv3_model_step(vm.smmu);	/* the SMMU's own time; a monitor would do it in a thread until it returns false */
	}
	iovm_smmuv3_model_stats(vm.smmu, &stats);
	printf("%lu accesses: %" PRIu64 " commands, %" PRIu64 " events, %" PRIu64 " page requests, %" PRIu64 " violations, %" PRIu64 " interrupts\n", n, stats.commands,
	       stats.events, stats.requests, vm.violations, vm.interrupts);
	iovm_smmuv3_model_del(vm.smmu);
	free(vm.ram);
	return EXIT_SUCCESS;
}
