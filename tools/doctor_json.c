/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The findings as one JSON object. A capability that a function has not is null. */
#include <jansson.h>
#include "doctor.h"
#include "version.h"

static json_t *findings(const struct doctor *d)
{
	static const char *const states[] = { "ok", "none", "fail" };
	json_t *all = json_array();

	for (unsigned i = 0; i < d->nfindings; i++) {
		const struct doctor_finding *f = &d->finding[i];

		json_array_append_new(all, json_pack("{s:s,s:s,s:s,s:s}", "name", f->name, "state", states[f->state], "says", f->says, "mend", f->mend));
	}
	return all;
}

static json_t *iommus(const struct doctor *d)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < d->niommus; i++)
		json_array_append_new(all, json_pack("{s:s,s:s,s:i}", "name", d->iommu[i].name, "kind", d->iommu[i].kind, "devices", (int)d->iommu[i].devices));
	return all;
}

static json_t *text_or_null(const char *text)
{
	return *text ? json_string(text) : json_null();
}

static json_t *function(const struct doctor_function *f)
{
	const struct iovm_pcie *p = &f->pcie;
	json_t *pasid = !p->pasid ? json_null() : json_pack("{s:b,s:i,s:b,s:b}", "on", f->pasid_on, "bits", p->pasid_bits, "exec", p->exec, "priv", p->priv);
	json_t *ats = !p->ats ? json_null() : json_pack("{s:b,s:i,s:b}", "on", f->ats_on, "invalidate_depth", p->invalidate_depth, "page_aligned", p->page_aligned);
	json_t *pri = !p->pri ? json_null() : json_pack("{s:b,s:I,s:b}", "on", f->pri_on, "capacity", (json_int_t)p->capacity, "response_pasid", p->response_pasid);

	return json_pack("{s:s,s:i,s:i,s:i,s:o,s:o,s:o,s:o,s:o}", "name", f->name, "vendor", (int)f->vendor, "device", (int)f->device, "class", (int)f->class,
			 "iommu", text_or_null(f->iommu), "group", text_or_null(f->group), "pasid", pasid, "ats", ats, "pri", pri);
}

static json_t *functions(const struct doctor *d)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < d->nfunctions; i++)
		json_array_append_new(all, function(&d->function[i]));
	return all;
}

void doctor_json(const struct doctor *d)
{
	json_t *o = json_pack("{s:s,s:i,s:s,s:b,s:o,s:o,s:i,s:i,s:o}", "schema", "iovm-doctor", "version", 1, "build", IOVM_TOOL_BUILD,
			      "good", doctor_worst(d) != DOCTOR_FAIL, "findings", findings(d), "iommus", iommus(d), "pci_functions", (int)d->pci,
			      "hidden", (int)d->hidden, "functions", functions(d));

	if (o && !json_dumpf(o, stdout, JSON_INDENT(1)))
		putchar('\n');
	json_decref(o);
}
