/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A driver as it was proposed in October 2017: the four calls of iommu_iovm.h, and nothing else of libiovm. A second
 * file, original_world.c, supplies the device and the space that dies.
 */
#include <iovm/iommu_iovm.h>
#include "harness.h"
#include "original.h"

static unsigned shutdowns;
static void *dead;

static void shutdown(struct iovm_device *dev, void *mm)
{
	shutdowns++;
	dead = mm;
	ck_assert_int_eq(iommu_iovm_unbind_mm(dev, mm), 0);
}

START_TEST(a_space_is_bound_used_and_unbound)
{
	struct world *w = world_new();
	struct iovm_device *dev = world_device(w);
	void *mm = world_space(w);
	int pasid;

	shutdowns = 0;
	ck_assert_int_lt(iommu_iovm_bind_mm(dev, mm, shutdown), 0);	/* not before init */
	ck_assert_int_eq(iommu_iovm_device_init(dev), 0);
	pasid = iommu_iovm_bind_mm(dev, mm, shutdown);
	ck_assert_int_gt(pasid, 0);
	ck_assert(world_dma(w, pasid));
	ck_assert_int_lt(iommu_iovm_device_shutdown(dev), 0);		/* a bond is left */
	ck_assert_int_eq(iommu_iovm_unbind_mm(dev, mm), 0);
	ck_assert(!world_dma(w, pasid));
	ck_assert_int_lt(iommu_iovm_unbind_mm(dev, mm), 0);
	ck_assert_int_eq(iommu_iovm_device_shutdown(dev), 0);
	ck_assert_uint_eq(shutdowns, 0);
	ck_assert_int_eq(world_del(w), 0);
}
END_TEST

START_TEST(the_driver_hears_of_a_space_that_dies)
{
	struct world *w = world_new();
	struct iovm_device *dev = world_device(w);
	void *mm = world_space(w);
	int pasid;

	shutdowns = 0;
	ck_assert_int_eq(iommu_iovm_device_init(dev), 0);
	pasid = iommu_iovm_bind_mm(dev, mm, shutdown);
	ck_assert_int_gt(pasid, 0);
	ck_assert(world_dma(w, pasid));
	world_kill(w);
	ck_assert(!world_dma(w, pasid));
	ck_assert_uint_eq(shutdowns, 1);
	ck_assert_ptr_eq(dead, mm);
	ck_assert_int_eq(iommu_iovm_device_shutdown(dev), 0);
	ck_assert_int_eq(world_del(w), 0);
}
END_TEST

static Suite *original_suite(void)
{
	Suite *s = suite_create("original");
	TCase *t = tcase_create("four calls");

	tcase_add_test(t, a_space_is_bound_used_and_unbound);
	tcase_add_test(t, the_driver_hears_of_a_space_that_dies);
	suite_add_tcase(s, t);
	return s;
}

int main(void) { return harness_main(original_suite()); }
