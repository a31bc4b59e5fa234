// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
/*
 * An SMMUv3 as a platform device: its registers, its interrupts, the port that libiovm asks for, and the thread that
 * is its servicer. All interrupts ask for the same, a dispatch, so each only rings the servicer's bell; the fault
 * handler and the drivers' callbacks sleep there. The engine lives as long as the kernel: drivers that use it hold
 * the module, and it has no exit.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <iovm/smmuv3.h>
#include "glue.h"

enum { BUDGET = 64, MAX_MMS = 1024, WAIT_US = USEC_PER_SEC, SPINS_US = 100, SLEEP_US = 20 };

/* ---- memory and lock ----------------------------------------------------------------------------------------------------------- */

static void *port_alloc(void *ctx, size_t size)
{
	/* kmalloc aligns powers of two to themselves, and what is larger to pages */
	return kvzalloc(size < PAGE_SIZE ? roundup_pow_of_two(max_t(size_t, size, 64)) : size, GFP_KERNEL);
}

static void port_free(void *ctx, void *mem, size_t size)
{
	kvfree(mem);
}

static void port_dma_free(void *ctx, void *mem, size_t size, uint64_t bus)
{
	struct iovm_smmu *smmu = ctx;

	dma_free_coherent(smmu->dev, size, mem, bus);
}

static void *port_dma_alloc(void *ctx, size_t size, uint64_t *bus)
{
	struct iovm_smmu *smmu = ctx;
	dma_addr_t dma;
	void *mem = dma_alloc_coherent(smmu->dev, size, &dma, GFP_KERNEL);

	if (!mem)
		return NULL;
	*bus = dma;
	if (IS_ALIGNED(dma, size))
		return mem;
	port_dma_free(smmu, mem, size, dma);	/* contiguous memory aligns to CONFIG_CMA_ALIGNMENT at most */
	return NULL;
}

static void port_lock(void *ctx)
{
	struct iovm_smmu *smmu = ctx;

	mutex_lock(&smmu->lock);
}

static void port_unlock(void *ctx)
{
	struct iovm_smmu *smmu = ctx;

	mutex_unlock(&smmu->lock);
}

/* ---- wait and wake --------------------------------------------------------------------------------------------------------------- */

/*
 * Also under spinlocks, from the notifier. A turn lasts for a time that is known from below, so the number of turns
 * bounds the time and nobody keeps when it began; a wait sleeps in all of its turns or in none. Without preemption
 * counting preemptible() is 0, and nothing sleeps.
 */
static bool port_wait(void *ctx, unsigned int turn)
{
	bool sleeps = preemptible() && !rcu_preempt_depth();

	if (turn < SPINS_US || !sleeps) {
		udelay(1);
		return turn < WAIT_US;
	}
	usleep_range(SLEEP_US, 2 * SLEEP_US);
	return turn < SPINS_US + WAIT_US / SLEEP_US;
}

static void port_wake(void *ctx, struct iovm_iommu *iommu)
{
	struct iovm_smmu *smmu = ctx;

	WRITE_ONCE(smmu->rung, 1);
	wake_up(&smmu->bell);
}

static irqreturn_t smmu_irq(int irq, void *smmu)
{
	port_wake(smmu, NULL);
	return IRQ_HANDLED;
}

static int smmu_serve(void *arg)
{
	struct iovm_smmu *smmu = arg;
	u64 now, deadline;

	while (!kthread_should_stop()) {
		now = ktime_get_ns();
		deadline = iovm_deadline(smmu->iommu);
		if (deadline > now)
			wait_event_interruptible_hrtimeout(smmu->bell, xchg(&smmu->rung, 0), min_t(u64, deadline - now, KTIME_MAX));
		while (iovm_dispatch(smmu->iommu, ktime_get_ns(), BUDGET) == BUDGET)
			cond_resched();
		cond_resched();
	}
	return 0;
}

/* ---- what the engine has to say --------------------------------------------------------------------------------------------------- */

/* In the words of the kernel's own driver, so that a log can be pasted into `iovm decode` */
static void print_event(const struct iovm_smmu *smmu, const struct iovm_notice *what)
{
	unsigned int i;

	dev_err(smmu->dev, "event 0x%02x received:\n", what->code);
	for (i = 0; i < ARRAY_SIZE(what->record); i++)
		dev_err(smmu->dev, "\t0x%016llx\n", what->record[i]);
	if (what->count > 1)
		dev_err(smmu->dev, "the last event was seen %u times\n", what->count);
}

static void port_notice(void *ctx, struct iovm_device *dev, const struct iovm_notice *what)
{
	static const char *const said[] = {
		[IOVM_RESET_WANTED] = "was cut off and wants a reset", [IOVM_SUSPECT] = "did not invalidate what it had translated",
		[IOVM_QUARANTINED] = "holds a PASID back until it is reset", [IOVM_REPEATED] = "asks for the same page again and again",
		[IOVM_IOMMU_DEAD] = "SMMU is dead", [IOVM_EVENTS_LOST] = "events were lost", [IOVM_IOMMU_ERROR] = "SMMU error",
	};
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);
	const struct iovm_smmu *smmu = ctx;

	if (what->what != IOVM_IOMMU_DEAD && !__ratelimit(&limit))
		return;
	if (what->what == IOVM_TERMINATED)
		print_event(smmu, what);
	else if (dev)
		dev_err(smmu->dev, "stream 0x%x %s (PASID 0x%x)\n", what->stream_id, said[what->what], what->pasid);
	else
		dev_err(smmu->dev, "%s (%u)\n", said[what->what], what->code);
}

/* ---- the platform device ------------------------------------------------------------------------------------------------------------ */

static uint32_t smmu_read32(void *regs, uint32_t offset)
{
	return readl((void __iomem __force *)regs + offset);
}

static void smmu_write32(void *regs, uint32_t offset, uint32_t value)
{
	writel(value, (void __iomem __force *)regs + offset);
}

/* cmdq-sync is not among them: the driver polls, and does not have it raised */
static int request_irqs(struct platform_device *pdev, struct iovm_smmu *smmu)
{
	static const char *const names[] = { "combined", "eventq", "priq", "gerror" };
	int i, irq, err, found = 0;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		irq = platform_get_irq_byname_optional(pdev, names[i]);
		if (irq == -EPROBE_DEFER)
			return irq;
		if (irq < 0)
			continue;
		err = devm_request_irq(smmu->dev, irq, smmu_irq, 0, dev_name(smmu->dev), smmu);
		if (err)
			return err;
		found++;
	}
	return found ? 0 : -ENXIO;
}

static int check_features(struct iovm_smmu *smmu, const struct iovm_smmuv3_config *config, struct iovm_smmuv3_features *features)
{
	const char *missing;

	if (iovm_smmuv3_probe(config, features))
		return -EINVAL;
	missing = features->refused ?: features->no_pasid;
	if (!missing && device_get_dma_attr(smmu->dev) != DEV_DMA_COHERENT)
		missing = "not dma-coherent: its tables would be mapped uncached, and it looks into caches";
	if (missing)
		return dev_err_probe(smmu->dev, -ENODEV, "%s\n", missing);
	return dma_set_mask_and_coherent(smmu->dev, DMA_BIT_MASK(features->output_bits));
}

static int start(struct iovm_smmu *smmu, const struct iovm_smmuv3_config *smmuv3, const struct iovm_smmuv3_features *features)
{
	struct iovm_config config = {
		.size = sizeof(config), .max_mms = MAX_MMS, .pasid_bits = features->pasid_bits, .mm = iovm_space_ops,
		.port = {
			.ctx = smmu, .alloc = port_alloc, .free = port_free, .dma_alloc = port_dma_alloc, .dma_free = port_dma_free,
			.lock = port_lock, .unlock = port_unlock, .wait = port_wait, .wake = port_wake, .fence = iovm_client_fence, .notice = port_notice,
		},
	};
	struct task_struct *servicer;
	int err;

	config.mm.ctx = smmu;
	err = iovm_new(&smmu->sys, &config);
	if (err)
		return dev_err_probe(smmu->dev, -ENOMEM, "%s\n", iovm_strerror(err));
	err = iovm_smmuv3_add(smmu->sys, smmuv3, &smmu->iommu);
	if (err) {
		WARN_ON(iovm_del(smmu->sys));
		return dev_err_probe(smmu->dev, -EIO, "%s\n", iovm_strerror(err));
	}
	servicer = kthread_run(smmu_serve, smmu, "iovm/%s", dev_name(smmu->dev));
	if (!IS_ERR(servicer))
		return 0;
	WARN_ON(iovm_del(smmu->sys));
	return PTR_ERR(servicer);
}

static int smmu_probe(struct platform_device *pdev)
{
	struct resource *res = platform_get_resource(pdev, IORESOURCE_MEM, 0);
	struct iovm_smmuv3_config config = { .size = sizeof(config), .read32 = smmu_read32, .write32 = smmu_write32 };
	struct iovm_smmuv3_features features;
	struct iovm_smmu *smmu;
	int err;

	if (!res || resource_size(res) < SZ_128K)
		return -EINVAL;
	smmu = devm_kzalloc(&pdev->dev, sizeof(*smmu), GFP_KERNEL);
	if (!smmu)
		return -ENOMEM;
	smmu->dev = &pdev->dev;
	mutex_init(&smmu->lock);
	init_waitqueue_head(&smmu->bell);
	spin_lock_init(&smmu->spaces_lock);
	hash_init(smmu->spaces);
	smmu->regs = devm_ioremap(smmu->dev, res->start, SZ_128K);	/* not requested: performance counters live in between, with a driver of their own */
	if (!smmu->regs)
		return -ENOMEM;
	config.regs = (void __force *)smmu->regs;
	err = check_features(smmu, &config, &features);
	if (!err)
		err = request_irqs(pdev, smmu);
	if (!err)
		err = start(smmu, &config, &features);
	if (!err)
		platform_set_drvdata(pdev, smmu);
	return err;
}

static const struct of_device_id smmu_of_match[] = {
	{ .compatible = "arm,smmu-v3" },
	{ }
};

static struct platform_driver smmu_driver = {
	.driver = { .name = "iovm-smmuv3", .of_match_table = smmu_of_match, .suppress_bind_attrs = true },
	.probe = smmu_probe,
};

struct iovm_smmu *iovm_smmu_find(const struct device_node *np)
{
	struct device *dev = driver_find_device_by_of_node(&smmu_driver.driver, np);
	struct iovm_smmu *smmu = dev ? dev_get_drvdata(dev) : NULL;

	put_device(dev);		/* never unbound */
	return smmu;
}

builtin_platform_driver(smmu_driver);

MODULE_DESCRIPTION("libiovm: address spaces shared with devices behind an Arm SMMUv3");
MODULE_LICENSE("Dual BSD/GPL");
