/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* `iovm doctor`: what its parts hand to each other. They look and change nothing; what they found is said by doctor.c and doctor_json.c. */
#ifndef TOOLS_DOCTOR_H
#define TOOLS_DOCTOR_H
#include <stdbool.h>
#include <stddef.h>
#include <iovm/pcie.h>

/* FAIL: the tools need it. NONE: they do without; what is lost stands in the finding */
enum doctor_state { DOCTOR_OK, DOCTOR_NONE, DOCTOR_FAIL };
struct doctor_finding {
	const char *name;
	enum doctor_state state;
	char says[160], mend[240];	/* mend "": nothing to be done */
};
#define DOCTOR_FINDINGS 16u
struct doctor_function {	/* a PCI function with one of the three capabilities */
	char name[32], iommu[64], group[16];	/* iommu, group "": none */
	unsigned vendor, device, class;
	struct iovm_pcie pcie;		/* its offsets and what they say; read32 is gone */
	bool pasid_on, ats_on, pri_on;
};
struct doctor_iommu { char name[64]; const char *kind; unsigned devices; };
struct doctor {
	struct doctor_finding finding[DOCTOR_FINDINGS];
	unsigned nfindings;
	struct doctor_iommu *iommu;
	struct doctor_function *function;
	unsigned niommus, nfunctions;
	unsigned pci, hidden;		/* PCI functions in all; those whose extended configuration space was not to be read */
};

void doctor_add(struct doctor *d, const char *name, enum doctor_state state, const char *says, const char *mend);
void doctor_look_at_kernel(struct doctor *d);
void doctor_look_at_hardware(struct doctor *d, const char *sys);	/* sys: where sysfs is, "/sys" */
enum doctor_state doctor_worst(const struct doctor *d);
void doctor_fini(struct doctor *d);
void doctor_json(const struct doctor *d);	/* to stdout */

#endif
