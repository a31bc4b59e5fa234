/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * IOMMUs and PCI functions from sysfs. Extended configuration space is where ATS, PRI and PASID are, and only root reads it: a function whose file
 * ends early is counted as hidden, not as one without.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "doctor.h"

enum { SPACE = 4096, CONVENTIONAL = 256, UNPRIVILEGED = 64 };

struct config { unsigned char byte[SPACE]; size_t len; };

static uint32_t read_config(void *ctx, uint32_t offset)
{
	const struct config *c = ctx;
	const unsigned char *b = c->byte + offset;

	return offset + 4 <= c->len ? b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24 : UINT32_MAX;
}

static ssize_t slurp(const char *dir, const char *name, void *buf, size_t len)
{
	char path[512];
	size_t got = 0;
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (got < len && (n = read(fd, (char *)buf + got, len - got)) > 0)
		got += (size_t)n;
	close(fd);
	return (ssize_t)got;
}

static unsigned number(const char *dir, const char *name)	/* "0x8086\n" */
{
	char text[32];
	ssize_t n = slurp(dir, name, text, sizeof text - 1);

	text[n > 0 ? n : 0] = '\0';
	return (unsigned)strtoul(text, NULL, 0);
}

static void link_name(const char *dir, const char *name, char *out, size_t len)	/* the last part of what a link points at; "": no link */
{
	char path[512], target[512], *slash;
	ssize_t n;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	n = readlink(path, target, sizeof target - 1);
	target[n > 0 ? n : 0] = '\0';
	slash = strrchr(target, '/');
	snprintf(out, len, "%.*s", (int)len - 1, slash ? slash + 1 : target);
}

/* ---- IOMMUs ------------------------------------------------------------------------------------------------------------------ */

static const char *kind_of(const char *name)
{
	static const struct { const char *prefix, *kind; } kinds[] = {
		{ "dmar", "Intel VT-d" }, { "ivhd", "AMD-Vi" }, { "smmu3", "Arm SMMUv3" }, { "smmu", "Arm SMMU" }, { "riscv-iommu", "RISC-V" },
	};

	for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (!strncmp(name, kinds[i].prefix, strlen(kinds[i].prefix)))
			return kinds[i].kind;
	return "of another kind";
}

static int visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static int list(const char *path, struct dirent ***names)	/* in the order of their names; none if there is no such folder */
{
	int n = scandir(path, names, visible, alphasort);

	if (n < 0)
		*names = NULL;
	return n < 0 ? 0 : n;
}

static void forget(struct dirent **names, int n)
{
	while (n > 0)
		free(names[--n]);
	free(names);
}

static void look_at_iommu(struct doctor *d, const char *class, const char *name)
{
	struct doctor_iommu *iommu = &d->iommu[d->niommus++];
	struct dirent **devices;
	char path[640];
	int n;

	snprintf(path, sizeof path, "%s/%s/devices", class, name);
	n = list(path, &devices);
	*iommu = (struct doctor_iommu){ .kind = kind_of(name), .devices = (unsigned)n };
	snprintf(iommu->name, sizeof iommu->name, "%.63s", name);
	forget(devices, n);
}

static void look_at_iommus(struct doctor *d, const char *sys)
{
	struct dirent **names;
	char class[256];
	int n;

	snprintf(class, sizeof class, "%s/class/iommu", sys);
	n = list(class, &names);
	d->iommu = calloc((size_t)n + 1, sizeof *d->iommu);
	for (int i = 0; d->iommu && i < n; i++)
		look_at_iommu(d, class, names[i]->d_name);
	forget(names, n);
}

/* ---- PCI functions ----------------------------------------------------------------------------------------------------------- */

static bool enabled(struct config *c, uint16_t capability, unsigned control, unsigned bit)
{
	return capability && read_config(c, capability + (control & ~3u)) >> ((control & 2) * 8 + bit) & 1;
}

static void look_at_function(struct doctor *d, const char *bus, const char *name)
{
	static struct config c;
	struct doctor_function *f = &d->function[d->nfunctions];
	char dir[512];
	ssize_t n;

	snprintf(dir, sizeof dir, "%s/%s", bus, name);
	n = slurp(dir, "config", c.byte, sizeof c.byte);
	c.len = n > 0 ? (size_t)n : 0;
	d->pci++;
	d->hidden += c.len <= UNPRIVILEGED;
	*f = (struct doctor_function){ .pcie = { .ctx = &c, .read32 = read_config } };
	if (c.len <= CONVENTIONAL || !iovm_pcie_probe(&f->pcie))
		return;
	snprintf(f->name, sizeof f->name, "%.31s", name);
	f->vendor = number(dir, "vendor");
	f->device = number(dir, "device");
	f->class = number(dir, "class") >> 8;
	f->pasid_on = enabled(&c, f->pcie.pasid, 6, 0);	/* the offsets and bits of PCIe 7.8.8, 10.5.1, 10.5.2 */
	f->ats_on = enabled(&c, f->pcie.ats, 6, 15);
	f->pri_on = enabled(&c, f->pcie.pri, 4, 0);
	f->pcie.ctx = NULL;
	f->pcie.read32 = NULL;
	link_name(dir, "iommu", f->iommu, sizeof f->iommu);
	link_name(dir, "iommu_group", f->group, sizeof f->group);
	d->nfunctions++;
}

static void look_at_functions(struct doctor *d, const char *sys)
{
	struct dirent **names;
	char bus[256];
	int n;

	snprintf(bus, sizeof bus, "%s/bus/pci/devices", sys);
	n = list(bus, &names);
	d->function = calloc((size_t)n + 1, sizeof *d->function);
	for (int i = 0; d->function && i < n; i++)
		look_at_function(d, bus, names[i]->d_name);
	forget(names, n);
}

/* ---- findings ---------------------------------------------------------------------------------------------------------------- */

static bool mounted(const char *sys)
{
	char class[256], bus[256];

	snprintf(class, sizeof class, "%s/class", sys);
	snprintf(bus, sizeof bus, "%s/bus", sys);
	return !access(class, F_OK) || !access(bus, F_OK);
}

static void say_unseen(struct doctor *d)	/* nothing was found because nobody could look: no word about the machine */
{
	static const char *const names[] = { "IOMMU", "PCI" };

	for (unsigned i = 0; i < 2; i++)
		doctor_add(d, names[i], DOCTOR_NONE, "cannot be looked for: /sys is not mounted", "mount -t sysfs sysfs /sys, as root");
}

static void say_iommus(struct doctor *d)
{
	char says[160];

	snprintf(says, sizeof says, "%u of them", d->niommus);
	if (d->niommus)
		doctor_add(d, "IOMMU", DOCTOR_OK, says, "");
	else
		doctor_add(d, "IOMMU", DOCTOR_NONE, "none that this kernel knows of",
			   "switch it on in the firmware's setup (VT-d, AMD-Vi, SMMU), on Intel boot with intel_iommu=on; a virtual machine must be given one");
}

static void say_functions(struct doctor *d)
{
	char says[160];

	snprintf(says, sizeof says, "%u functions, %u with ATS, PRI or PASID", d->pci, d->nfunctions);
	if (d->nfunctions)
		doctor_add(d, "PCI", DOCTOR_OK, says, "");
	else if (d->hidden)
		doctor_add(d, "PCI", DOCTOR_NONE, "the capabilities of the functions can be read by root alone", "sudo iovm doctor");
	else
		doctor_add(d, "PCI", DOCTOR_NONE, says, "nothing, without other hardware; iovm soak pretends such devices");
}

void doctor_look_at_hardware(struct doctor *d, const char *sys)
{
	if (!mounted(sys)) {
		say_unseen(d);
		return;
	}
	look_at_iommus(d, sys);
	look_at_functions(d, sys);
	say_iommus(d);
	say_functions(d);
}

void doctor_fini(struct doctor *d)
{
	free(d->iommu);
	free(d->function);
}
