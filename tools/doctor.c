/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * `iovm doctor`: what this machine offers, and what to do about what it does not. One finding a line, the word first, so that a screen reader says
 * what matters before the details; columns are kept by blanks, within 80. Colour repeats what the word says and is for terminals that want it.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "doctor.h"
#include "wrap.h"

int tool_doctor(int argc, char **argv);

enum { GOOD = 0, USAGE = 2, ENVIRONMENT = 3 };
enum { TEXT = 24 };	/* the column where sentences begin */

static const char help[] =
"usage: iovm doctor [--json]\n"
"\n"
"Looks at this machine and changes nothing: the kernel's calls that the tools use\n"
"(by trying them, since a container may filter what the kernel has), /dev/iommu,\n"
"and in /sys the IOMMUs and the PCI functions with ATS, PRI or PASID.\n"
"\n"
"  ok    is there\n"
"  none  is not there; the tools do without, the line says what is lost\n"
"  FAIL  is not there, and soak or check needs it\n"
"\n"
"Each none and FAIL is followed by what mends it. As root it sees more: extended\n"
"PCI configuration space, where the three capabilities are, is root's.\n"
"\n"
"  --json   one JSON object instead of the page for people\n"
"  --help   this text\n"
"\n"
"Exit: 0 nothing that is needed is missing; 2 usage; 3 something needed is.\n"
"\n"
"  iovm doctor\n"
"  sudo iovm doctor --json\n";

void doctor_add(struct doctor *d, const char *name, enum doctor_state state, const char *says, const char *mend)
{
	struct doctor_finding *f;

	if (d->nfindings == DOCTOR_FINDINGS)
		return;
	f = &d->finding[d->nfindings++];
	f->name = name;
	f->state = state;
	snprintf(f->says, sizeof f->says, "%s", says);
	snprintf(f->mend, sizeof f->mend, "%s", mend);
}

enum doctor_state doctor_worst(const struct doctor *d)
{
	enum doctor_state worst = DOCTOR_OK;

	for (unsigned i = 0; i < d->nfindings; i++)
		if (d->finding[i].state > worst)
			worst = d->finding[i].state;
	return worst;
}

/* ---- the page ----------------------------------------------------------------------------------------------------------------- */

static bool colour(void)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") && !(no_color && *no_color);
}

static void say(const struct doctor_finding *f, bool coloured)
{
	static const struct { const char *word, *on; } states[] = { { "ok", "\033[32m" }, { "none", "\033[33m" }, { "FAIL", "\033[1;31m" } };
	const char *word = states[f->state].word;

	printf("  %s%s%s%*s%-15s ", coloured ? states[f->state].on : "", word, coloured ? "\033[0m" : "", 6 - (int)strlen(word), "", f->name);
	wrap(stdout, f->says, TEXT, TEXT);
	if (!*f->mend)
		return;
	printf("%*smend: ", TEXT, "");
	wrap(stdout, f->mend, TEXT + 6, TEXT);
}

static void say_function(const struct doctor_function *f)
{
	const struct iovm_pcie *p = &f->pcie;

	printf("\n  %s  %04x:%04x, class %04x, IOMMU %s, group %s\n", f->name, f->vendor, f->device, f->class, *f->iommu ? f->iommu : "none",
	       *f->group ? f->group : "none");
	if (p->pasid)
		printf("    PASID %s, %u bits%s%s\n", f->pasid_on ? "on" : "off", p->pasid_bits, p->exec ? ", execute" : "", p->priv ? ", privileged" : "");
	if (p->ats)
		printf("    ATS   %s, %u invalidations at once%s\n", f->ats_on ? "on" : "off", p->invalidate_depth, p->page_aligned ? ", page aligned" : "");
	if (p->pri)
		printf("    PRI   %s, %u requests%s\n", f->pri_on ? "on" : "off", (unsigned)p->capacity, p->response_pasid ? ", PASID in responses" : "");
}

static void say_hardware(const struct doctor *d)
{
	if (d->niommus)
		puts("\nIOMMUs");
	for (unsigned i = 0; i < d->niommus; i++)
		printf("  %-20s %s, %u devices\n", d->iommu[i].name, d->iommu[i].kind, d->iommu[i].devices);
	if (d->nfunctions)
		fputs("\nPCI functions that can take part", stdout);
	for (unsigned i = 0; i < d->nfunctions; i++)
		say_function(&d->function[i]);
	if (d->nfunctions)
		putchar('\n');
}

static void page(const struct doctor *d)
{
	unsigned n[3] = { 0, 0, 0 };
	bool coloured = colour();

	for (unsigned i = 0; i < d->nfindings; i++)
		n[d->finding[i].state]++;
	printf("iovm doctor: %s.  %u ok, %u none, %u FAIL\n\n", n[DOCTOR_FAIL] ? "something needed is missing" : "good", n[DOCTOR_OK], n[DOCTOR_NONE],
	       n[DOCTOR_FAIL]);
	for (unsigned i = 0; i < d->nfindings; i++)
		say(&d->finding[i], coloured);
	say_hardware(d);
}

/* ---- the verb ----------------------------------------------------------------------------------------------------------------- */

static int look_and_tell(bool json)
{
	struct doctor d = { .nfindings = 0 };

	doctor_look_at_kernel(&d);
	doctor_look_at_hardware(&d, "/sys");
	(json ? doctor_json : page)(&d);
	doctor_fini(&d);
	return doctor_worst(&d) == DOCTOR_FAIL ? ENVIRONMENT : GOOD;
}

int tool_doctor(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 } };
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h')
			return fputs(help, stdout), GOOD;
		if (c != 'j') {
			fputs("Try: iovm doctor --help\n", stderr);
			return USAGE;
		}
		json = true;
	}
	if (optind < argc) {
		fprintf(stderr, "iovm doctor: '%s': it takes no argument. Try: iovm doctor --help\n", argv[optind]);
		return USAGE;
	}
	return look_and_tell(json);
}
