/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * `iovm doctor` on machines that are folders: an IOMMU of each kind, functions with all three capabilities, with some, with none, one whose list of
 * capabilities leads back to itself, and one whose configuration space is closed to us. tests/errors.sh has the program as a whole.
 */
#include "doctor.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness.h"

static char root[64];		/* the sysfs of this test */

static void in_root(char path[256], const char *name)
{
	snprintf(path, 256, "%s/%s", root, name);
}

static void make_folder(const char *name)	/* with those above it */
{
	char path[256];

	in_root(path, name);
	for (char *at = path + strlen(root) + 1; (at = strchr(at, '/')); *at++ = '/') {
		*at = '\0';
		mkdir(path, 0777);
	}
	ck_assert_msg(!mkdir(path, 0777) || !access(path, F_OK), "%s", path);
}

static void make_file(const char *folder, const char *name, const void *data, size_t len)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s/%s", root, folder, name);
	f = fopen(path, "w");
	ck_assert_msg(f && fwrite(data, 1, len, f) == len && !fclose(f), "%s", path);
}

static void make_link(const char *folder, const char *name, const char *target)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s/%s", root, folder, name);
	ck_assert_int_eq(symlink(target, path), 0);
}

static void make_function(const char *name, const unsigned char *config, size_t len)
{
	char folder[128];

	snprintf(folder, sizeof folder, "bus/pci/devices/%s", name);
	make_folder(folder);
	make_file(folder, "config", config, len);
	make_file(folder, "vendor", "0x8086\n", 7);
	make_file(folder, "device", "0x0b25\n", 7);
	make_file(folder, "class", "0x088000\n", 9);
}

static void put32(unsigned char *config, unsigned at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		config[at + i] = (unsigned char)(value >> 8 * i);
}

static void start(void)
{
	strcpy(root, "/tmp/iovm-doctor-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static void finish(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", root);
	ck_assert_int_eq(system(command), 0);
}

static const struct doctor_finding *finding(const struct doctor *d, const char *name)
{
	for (unsigned i = 0; i < d->nfindings; i++)
		if (!strcmp(d->finding[i].name, name))
			return &d->finding[i];
	ck_abort_msg("no finding about %s", name);
}

START_TEST(all_three)
{
	unsigned char config[4096] = { 0x86, 0x80 };
	struct doctor d = { .nfindings = 0 };
	const struct doctor_function *f;

	put32(config, 0x100, 0x14810001);			/* error reporting, then ... */
	put32(config, 0x148, 0x1601000f);			/* ATS: 0 means 32 invalidations; page aligned; on */
	put32(config, 0x14c, 0x80000020);
	put32(config, 0x160, 0x20010013);			/* PRI: on; PASID in responses; 512 */
	put32(config, 0x164, 0x80000001);
	put32(config, 0x168, 512);
	put32(config, 0x200, 0x0001001b);			/* PASID: 20 bits, privileged, off */
	put32(config, 0x204, 0x00001404);
	make_function("0000:6a:01.0", config, sizeof config);
	make_link("bus/pci/devices/0000:6a:01.0", "iommu", "../../../../class/iommu/dmar3");
	make_link("bus/pci/devices/0000:6a:01.0", "iommu_group", "../../../../kernel/iommu_groups/12");
	make_folder("class/iommu/dmar3/devices/0000:6a:01.0");
	make_folder("class/iommu/dmar3/devices/0000:6a:02.0");

	doctor_look_at_hardware(&d, root);
	ck_assert_uint_eq(d.nfunctions, 1);
	f = &d.function[0];
	ck_assert_str_eq(f->name, "0000:6a:01.0");
	ck_assert_uint_eq(f->vendor, 0x8086);
	ck_assert_uint_eq(f->device, 0x0b25);
	ck_assert_uint_eq(f->class, 0x0880);
	ck_assert_str_eq(f->iommu, "dmar3");
	ck_assert_str_eq(f->group, "12");
	ck_assert(f->pcie.ats == 0x148 && f->pcie.invalidate_depth == 32 && f->pcie.page_aligned && f->ats_on);
	ck_assert(f->pcie.pri == 0x160 && f->pcie.capacity == 512 && f->pcie.response_pasid && f->pri_on);
	ck_assert(f->pcie.pasid == 0x200 && f->pcie.pasid_bits == 20 && f->pcie.priv && !f->pcie.exec && !f->pasid_on);
	ck_assert_uint_eq(d.niommus, 1);
	ck_assert_str_eq(d.iommu[0].kind, "Intel VT-d");
	ck_assert_uint_eq(d.iommu[0].devices, 2);
	ck_assert_int_eq(finding(&d, "IOMMU")->state, DOCTOR_OK);
	ck_assert_int_eq(finding(&d, "PCI")->state, DOCTOR_OK);
	doctor_fini(&d);
}
END_TEST

START_TEST(some_and_none)
{
	unsigned char plain[4096] = { 0 }, loop[4096] = { 0 }, pasid[4096] = { 0 };
	struct doctor d = { .nfindings = 0 };

	put32(loop, 0x100, 0x10010001);				/* leads back to itself */
	put32(pasid, 0x100, 0x0001001b);
	put32(pasid, 0x104, 0x00010802);			/* 8 bits, execute, on */
	make_function("0000:00:01.0", plain, sizeof plain);
	make_function("0000:00:02.0", plain, 256);		/* no PCIe: no extended space at all */
	make_function("0000:00:03.0", loop, sizeof loop);
	make_function("0000:00:04.0", pasid, sizeof pasid);
	doctor_look_at_hardware(&d, root);
	ck_assert_uint_eq(d.pci, 4);
	ck_assert_uint_eq(d.hidden, 0);
	ck_assert_uint_eq(d.nfunctions, 1);
	ck_assert_str_eq(d.function[0].name, "0000:00:04.0");
	ck_assert(d.function[0].pasid_on && d.function[0].pcie.pasid_bits == 8 && d.function[0].pcie.exec);
	ck_assert(!d.function[0].pcie.ats && !d.function[0].ats_on && !d.function[0].pcie.pri && !d.function[0].pri_on);
	ck_assert_str_eq(d.function[0].iommu, "");
	doctor_fini(&d);
}
END_TEST

START_TEST(hidden_from_users)
{
	unsigned char config[64] = { 0x86, 0x80 };
	struct doctor d = { .nfindings = 0 };

	make_function("0000:00:01.0", config, sizeof config);
	doctor_look_at_hardware(&d, root);
	ck_assert_uint_eq(d.hidden, 1);
	ck_assert_int_eq(finding(&d, "PCI")->state, DOCTOR_NONE);
	ck_assert_ptr_nonnull(strstr(finding(&d, "PCI")->mend, "sudo"));
	doctor_fini(&d);
}
END_TEST

START_TEST(nothing_at_all)
{
	struct doctor d = { .nfindings = 0 };

	make_folder("class");
	doctor_look_at_hardware(&d, root);
	ck_assert_uint_eq(d.pci + d.niommus + d.nfunctions, 0);
	ck_assert_int_eq(finding(&d, "IOMMU")->state, DOCTOR_NONE);
	ck_assert_int_eq(finding(&d, "PCI")->state, DOCTOR_NONE);
	ck_assert_int_eq(doctor_worst(&d), DOCTOR_NONE);
	doctor_fini(&d);
}
END_TEST

START_TEST(not_mounted)	/* which says nothing about the hardware */
{
	struct doctor d = { .nfindings = 0 };

	doctor_look_at_hardware(&d, root);
	ck_assert_ptr_nonnull(strstr(finding(&d, "IOMMU")->mend, "mount -t sysfs"));
	ck_assert_ptr_nonnull(strstr(finding(&d, "PCI")->mend, "mount -t sysfs"));
	ck_assert_int_eq(doctor_worst(&d), DOCTOR_NONE);
	doctor_fini(&d);
}
END_TEST

START_TEST(kinds_of_iommus)
{
	static const struct { const char *name, *kind; } kinds[] = {
		{ "dmar0", "Intel VT-d" }, { "ivhd1", "AMD-Vi" }, { "smmu.0x2b500000", "Arm SMMU" }, { "smmu3.0x2b400000", "Arm SMMUv3" }, { "zz", "of another kind" },
	};
	struct doctor d = { .nfindings = 0 };
	char folder[128];

	for (unsigned i = 0; i < 5; i++) {
		snprintf(folder, sizeof folder, "class/iommu/%s", kinds[i].name);
		make_folder(folder);
	}
	doctor_look_at_hardware(&d, root);
	ck_assert_uint_eq(d.niommus, 5);
	for (unsigned i = 0; i < 5; i++)	/* sorted: the table is, too */
		ck_assert_msg(!strcmp(d.iommu[i].name, kinds[i].name) && !strcmp(d.iommu[i].kind, kinds[i].kind), "%s is %s", d.iommu[i].name, d.iommu[i].kind);
	doctor_fini(&d);
}
END_TEST

START_TEST(every_finding_that_is_bad_has_a_remedy)
{
	struct doctor d = { .nfindings = 0 };

	doctor_look_at_kernel(&d);
	doctor_look_at_hardware(&d, root);
	ck_assert_uint_gt(d.nfindings, 10);
	ck_assert_uint_lt(d.nfindings, DOCTOR_FINDINGS);
	for (unsigned i = 0; i < d.nfindings; i++)
		ck_assert_msg(d.finding[i].state == DOCTOR_OK || *d.finding[i].mend, "%s: %s", d.finding[i].name, d.finding[i].says);
	doctor_fini(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("doctor");
	TCase *hardware = tcase_create("hardware");

	tcase_add_checked_fixture(hardware, start, finish);
	tcase_add_test(hardware, all_three);
	tcase_add_test(hardware, some_and_none);
	tcase_add_test(hardware, hidden_from_users);
	tcase_add_test(hardware, nothing_at_all);
	tcase_add_test(hardware, not_mounted);
	tcase_add_test(hardware, kinds_of_iommus);
	tcase_add_test(hardware, every_finding_that_is_bad_has_a_remedy);
	suite_add_tcase(suite, hardware);
	return harness_main(suite);
}
