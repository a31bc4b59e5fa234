/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The HTML report: what it gathers from a trace, held against a story with known times and against the counters of whole runs, and the page itself, read
 * by a parser that wants every element closed and every attribute quoted, and finds neither script nor anything to load.
 */
#include <inttypes.h>
#include <iovm/backend.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "faults.h"
#include "harness.h"
#include "report_html.h"
#include "report_numbers.h"

/* ---- what is gathered --------------------------------------------------------------------------------------------------------- */

#define GO(...) do { const struct iovm_trace rec_ = { __VA_ARGS__ }; report_collect_put(c, &rec_); } while (0)
#define REQUEST .stream_id = 0x10, .pasid = 5, .index = 3, .flags = IOVM_REQ_READ | IOVM_REQ_PASID
#define LAST .stream_id = 0x10, .pasid = 5, .index = 3, .flags = IOVM_REQ_READ | IOVM_REQ_PASID | IOVM_REQ_LAST

START_TEST(one_group)
{
	struct report_collect *c = report_collect_new();
	const struct report_device *d = &c->device[1];

	GO(.time = 100, .event = IOVM_TR_DEVICE, .code = IOVM_TRD_ADD, .stream_id = 0x10, .id = 1, .pasid = IOVM_NO_PASID);
	GO(.time = 200, .event = IOVM_TR_ACC, REQUEST, .b = 7);
	GO(.time = 300, .event = IOVM_TR_ACC, LAST, .b = 8);
	ck_assert_uint_eq(c->waiting, 1);		/* the member is not owed an answer */
	GO(.time = 1200, .event = IOVM_TR_CONS, REQUEST, .b = 7);
	GO(.time = 1200, .event = IOVM_TR_CONS, LAST, .b = 8);
	GO(.time = 1300, .event = IOVM_TR_FAULT, REQUEST, .id = 4, .b = 7);
	GO(.time = 1400, .event = IOVM_TR_FAULT, LAST, .id = 4, .b = 8);
	GO(.time = 5300, .event = IOVM_TR_RESP, LAST, .id = 4, .b = 8, .code = IOVM_RESP_SUCCESS);
	ck_assert_uint_eq(c->waiting, 0);
	GO(.time = 5350, .event = IOVM_TR_ANSWERED, LAST, .code = IOVM_RESP_SUCCESS);
	ck_assert(c->stage[REPORT_QUEUED].n == 2 && c->stage[REPORT_QUEUED].max == 1000);
	ck_assert(c->stage[REPORT_HOST].n == 1 && c->stage[REPORT_HOST].max == 4000);
	ck_assert(c->stage[REPORT_ANSWERED].n == 1 && c->stage[REPORT_ANSWERED].max == 50);
	ck_assert(c->ndevices == 2 && d->stream_id == 0x10 && d->success == 1 && d->invalid == 0 && d->waited.n == 1 && d->waited.max == 5000);
	GO(.time = 1u << 30, .event = IOVM_TR_DISPATCH);	/* the machine is taken down by another clock: not the run's time */
	ck_assert(c->peak == 1 && c->now == 5350);
	report_collect_del(c);
}
END_TEST

START_TEST(markers_stalls_and_suppressed)
{
	struct report_collect *c = report_collect_new();

	GO(.time = 1, .event = IOVM_TR_ACC, .stream_id = 9, .pasid = 5, .flags = IOVM_REQ_LAST | IOVM_REQ_PASID, .b = 1);
	ck_assert_uint_eq(c->waiting, 0);		/* a Stop Marker */
	GO(.time = 2, .event = IOVM_TR_ACC, .stream_id = 9, .flags = IOVM_REQ_LAST, .b = 2, .pasid = IOVM_NO_PASID);
	GO(.time = 3, .event = IOVM_TR_ACC, .stream_id = 9, .flags = IOVM_REQ_READ | IOVM_REQ_STALL, .b = 2, .id = 1);
	ck_assert_uint_eq(c->waiting, 2);		/* position 2 of one queue and of the other */
	GO(.time = 10, .event = IOVM_TR_CONS, .stream_id = 9, .flags = IOVM_REQ_LAST, .b = 2, .pasid = IOVM_NO_PASID);
	GO(.time = 20, .event = IOVM_TR_CONS, .stream_id = 9, .flags = IOVM_REQ_READ | IOVM_REQ_STALL, .b = 2);
	GO(.time = 30, .event = IOVM_TR_SUPPRESS, .stream_id = 9, .flags = IOVM_REQ_LAST, .b = 2, .pasid = IOVM_NO_PASID);
	GO(.time = 40, .event = IOVM_TR_RESP, .stream_id = 9, .flags = IOVM_REQ_READ | IOVM_REQ_STALL, .b = 2, .code = IOVM_RESP_INVALID);
	ck_assert_uint_eq(c->waiting, 0);
	GO(.time = 45, .event = IOVM_TR_ANSWERED, .stream_id = 9, .pasid = 7);	/* whatever PASID a stall's answer names */
	ck_assert(c->stage[REPORT_ANSWERED].n == 1 && c->stage[REPORT_ANSWERED].max == 5);
	ck_assert(c->device[0].suppressed == 1 && c->device[0].invalid == 1);	/* StreamID 9 is no device's */
	ck_assert_uint_eq(c->stage[REPORT_HOST].n, 0);	/* the handler saw none of them */
	report_collect_del(c);
}
END_TEST

START_TEST(streams_of_one_device)
{
	struct report_collect *c = report_collect_new();

	for (unsigned again = 0; again < 2; again++)	/* removed and plugged in anew */
		for (unsigned stream = 0; stream < 3; stream++)
			GO(.event = IOVM_TR_DEVICE, .code = IOVM_TRD_ADD, .stream_id = 0x20 + stream, .id = again + 1);
	GO(.event = IOVM_TR_DEVICE, .code = IOVM_TRD_ADD, .stream_id = 0x20, .iommu = 1, .id = 3);	/* the same number elsewhere */
	GO(.event = IOVM_TR_RX, .stream_id = 0x22);
	GO(.event = IOVM_TR_RX, .stream_id = 0x20, .iommu = 1);
	GO(.event = IOVM_TR_DROP, .stream_id = 0x21);
	ck_assert_uint_eq(c->ndevices, 3);
	ck_assert(c->device[1].requests == 1 && c->device[1].dropped == 1 && c->device[2].requests == 1 && c->device[2].iommu == 1);
	report_collect_del(c);
}
END_TEST

START_TEST(time_in_bins)
{
	struct report_collect *c = report_collect_new();
	uint64_t area = 0, deaths = 0, overflows = 0;
	unsigned peak = 0;

	for (unsigned i = 0; i < 100; i++)
		GO(.time = 1000 * (i + 1), .event = IOVM_TR_ACC, LAST, .b = i);
	for (unsigned i = 0; i < 100; i++) {
		GO(.time = 1000000 + i, .event = i % 3 ? IOVM_TR_EXIT_CALL : IOVM_TR_OVERFLOW);
		GO(.time = 1000000 + i, .event = IOVM_TR_CONS, LAST, .b = i);
		GO(.time = 1000000 + i, .event = IOVM_TR_RESP, LAST, .b = i);
	}
	GO(.time = 123456789, .event = IOVM_TR_EXIT_CALL);	/* bins have doubled many times since */
	for (unsigned i = 0; i < REPORT_BINS; i++) {
		area += c->bin[i].sum;
		deaths += c->bin[i].deaths;
		overflows += c->bin[i].overflows;
		peak = c->bin[i].peak > peak ? c->bin[i].peak : peak;
	}
	ck_assert_uint_eq(area, 100 * UINT64_C(1000000) - 1000 * 5050 + 4950);
	ck_assert(deaths == 67 && c->deaths == 67 && overflows == 34 && c->overflows == 34 && peak == 100 && c->peak == 100);
	ck_assert(123456789 / c->bin_ns >= REPORT_BINS / 2 && 123456789 / c->bin_ns < REPORT_BINS);
	report_collect_del(c);
}
END_TEST

START_TEST(shares_of_durations)
{
	struct report_times t = { .n = 100, .max = 3000, .bucket = { [0] = 50, [4] = 49, [12] = 1 } };

	ck_assert_uint_eq(report_within(&t, 50), 0);
	ck_assert_uint_eq(report_within(&t, 51), 16);
	ck_assert_uint_eq(report_within(&t, 99), 16);
	ck_assert_uint_eq(report_within(&t, 100), 3000);	/* no longer than the longest */
	ck_assert_str_eq(duration(0), "0 ns");
	ck_assert_str_eq(duration(999), "999 ns");
	ck_assert_str_eq(duration(1024), "1.02 us");
	ck_assert_str_eq(duration(999600), "1.00 ms");
	ck_assert_str_eq(duration(12345678), "12.3 ms");
	ck_assert_str_eq(duration(UINT64_C(117000000000)), "117 s");
}
END_TEST

/* Keys of few values, so that runs of neighbours form; against an array */
START_TEST(marks_come_and_go)
{
	enum { KEYS = 3000 };
	struct report_marks *m = report_marks_new();
	uint64_t want[KEYS] = { 0 }, got, chance = 1;

	for (unsigned step = 0; step < 300000; step++) {
		chance = chance * UINT64_C(6364136223846793005) + 1;
		unsigned k = (unsigned)(chance >> 40) % KEYS;
		struct report_key key = { 1 + k % 7, k };

		if (chance >> 33 & 1) {
			report_mark(m, key, step + 1);
			want[k] = step + 1;
		} else {
			ck_assert_int_eq(report_unmark(m, key, &got), want[k] != 0);
			ck_assert(!want[k] || got == want[k]);
			want[k] = 0;
		}
		ck_assert_int_eq(report_marked(m, key, &got), want[k] != 0);
	}
	for (unsigned k = 0; k < KEYS; k++) {
		ck_assert_int_eq(report_marked(m, (struct report_key){ 1 + k % 7, k }, &got), want[k] != 0);
		ck_assert(!want[k] || got == want[k]);
	}
	report_marks_del(m);
}
END_TEST

/* ---- whole runs ---------------------------------------------------------------------------------------------------------------- */

START_TEST(a_run_by_its_counters)
{
	bool smmu = _i == 3;
	struct soak_options o = {
		.mm = SOAK_MM_SIM, .backend = smmu ? SOAK_BACKEND_SMMUV3 : SOAK_BACKEND_SIM, .seed = 40 + (uint64_t)_i, .steps = smmu ? 15000 : 30000,
		.inject = smmu ? 0 : faults_of(false), .no_hash = true,
	};
	struct soak_result r = { .backend = "sim" };
	struct report_device sum = { 0 };
	struct report_collect *c;

	c = o.collect[0] = report_collect_new();
	soak_sim_run(&o, &r);
	soak_judge(&r);
	ck_assert_msg(!r.nfailures, "%s", r.failures[0]);
	for (unsigned i = 0; i < c->ndevices; i++) {
		sum.requests += c->device[i].requests;
		sum.dropped += c->device[i].dropped;
		sum.success += c->device[i].success;
		sum.invalid += c->device[i].invalid;
		sum.suppressed += c->device[i].suppressed;
	}
	ck_assert_uint_eq(sum.requests, r.requests_emitted);
	ck_assert_uint_eq(sum.dropped, r.requests_dropped);
	ck_assert_uint_eq(sum.success, r.responses.success);
	ck_assert_uint_eq(sum.invalid, r.responses.invalid);
	ck_assert_uint_eq(sum.suppressed, r.responses.suppressed);
	ck_assert_uint_eq(c->stage[REPORT_QUEUED].n, r.requests);
	ck_assert_uint_le(c->stage[REPORT_HOST].n, r.groups);
	ck_assert_uint_ge(c->stage[REPORT_HOST].n * 10, r.groups * 9);
	ck_assert_uint_ge(c->stage[REPORT_ANSWERED].n * 10, (sum.success + sum.invalid) * 9);
	ck_assert_uint_eq(c->waiting, 0);
	ck_assert_msg(report_marks_left(c->marks) < r.groups / 10, "%u marks of %" PRIu64 " groups are left: they would fill the table",
		      report_marks_left(c->marks), r.groups);
	ck_assert_uint_eq(c->deaths, r.mm_exits);
	ck_assert_uint_eq(c->overflows, r.overflows);
	report_collect_del(c);
}
END_TEST

/* ---- the page ------------------------------------------------------------------------------------------------------------------ */

static bool is_void(const char *name)
{
	return !strcmp(name, "meta") || !strcmp(name, "br") || !strcmp(name, "!DOCTYPE");
}

static const char *read_attributes(const char *at, const char *name)	/* up to what closes the tag */
{
	ck_assert_msg(strcmp(name, "script") && strcmp(name, "link") && strcmp(name, "img"), "<%s>", name);
	while (*at != '>' && strncmp(at, "/>", 2)) {
		at += strspn(at, " \n");
		ck_assert_msg(strncmp(at, "src", 3) && strncmp(at, "on", 2) && (strncmp(at, "href", 4)), "an attribute that loads or runs: %.40s", at);
		at += strcspn(at, "=> \n");
		if (*at != '=')
			continue;
		ck_assert_msg(at[1] == '"', "not quoted: %.40s", at);
		at = strchr(at + 2, '"');
		ck_assert_ptr_nonnull(at);
		at++;
	}
	return at;
}

static void read_page(const char *at)
{
	char open[64][16], name[16];
	unsigned depth = 0;

	while ((at = strchr(at, '<'))) {
		bool closes = at[1] == '/';

		ck_assert_int_eq(sscanf(at + 1 + closes, "%15[!A-Za-z0-9]", name), 1);
		at += 1 + closes + strlen(name);
		if (closes) {
			ck_assert_msg(depth && !strcmp(open[depth - 1], name), "</%s> closes <%s>", name, depth ? open[depth - 1] : "nothing");
			depth--;
			continue;
		}
		at = read_attributes(at, name);
		if (*at == '>' && !is_void(name)) {
			ck_assert_uint_lt(depth, 64);
			strcpy(open[depth++], name);
		}
	}
	ck_assert_msg(depth == 0, "<%s> is not closed", open[depth ? depth - 1 : 0]);
}

static char *page_of(struct soak_options *o, struct soak_result *r)	/* as the program makes it: the file is there before the run */
{
	char path[] = "/tmp/iovm-report-XXXXXX";
	struct report rep;
	FILE *file;
	size_t len;
	char *text;

	ck_assert_int_ge(mkstemp(path), 0);
	o->report = path;
	ck_assert_int_eq(report_open(&rep, o), 0);
	if (o->steps) {
		soak_sim_run(o, r);
		soak_judge(r);
	}
	ck_assert_int_eq(report_close(&rep, o, r), 0);
	file = fopen(path, "r");
	text = calloc(1, 1 << 20);
	len = fread(text, 1, (1 << 20) - 1, file);
	ck_assert(len > 1000 && len < (1 << 20) - 1);
	fclose(file);
	remove(path);
	return text;
}

START_TEST(pages_are_whole)
{
	struct soak_options o = { .mm = SOAK_MM_SIM, .seed = 3, .steps = 20000, .inject = faults_of(false) };
	struct soak_result r = { .backend = "sim" };
	char *text = page_of(&o, &r), line[64];

	read_page(text);
	ck_assert_ptr_nonnull(strstr(text, "<h1>iovm soak: good</h1>"));
	snprintf(line, sizeof line, "--seed 3 --steps 20000");
	ck_assert_ptr_nonnull(strstr(text, line));
	snprintf(line, sizeof line, "<b>%s</b> measured", grouped(r.requests));
	ck_assert_msg(strstr(text, line) != NULL, "%s", line);
	ck_assert_ptr_nonnull(strstr(text, "F24 priq-overflow"));
	ck_assert_ptr_null(strstr(text, "did not end"));
	free(text);
}
END_TEST

START_TEST(a_page_of_failures)
{
	struct soak_options o = { .mm = SOAK_MM_BOTH, .seed = 3 };
	struct soak_result r = { .backend = "sim", .mm = "sim", .by_id[5] = { .checked = 10, .violations = 2 } };
	char *text;

	for (unsigned i = 0; i < SOAK_FAILURES + 3; i++)
		soak_fail(&r, "I%u: <script>\"1 < 2\" & so on", i);
	text = page_of(&o, &r);
	read_page(text);	/* nothing ran: no part has a section */
	ck_assert_ptr_nonnull(strstr(text, "<h1>iovm soak: BROKEN</h1>"));
	ck_assert_ptr_nonnull(strstr(text, "I31: &lt;script&gt;&quot;1 &lt; 2&quot; &amp; so on"));
	ck_assert_ptr_nonnull(strstr(text, "and 3 more"));
	ck_assert_ptr_nonnull(strstr(text, "I5 checked <b>10</b>, broken <b>2</b>"));
	free(text);
	soak_free(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("report");
	TCase *gathered = tcase_create("gathered"), *page = tcase_create("page");

	tcase_add_test(gathered, one_group);
	tcase_add_test(gathered, markers_stalls_and_suppressed);
	tcase_add_test(gathered, streams_of_one_device);
	tcase_add_test(gathered, time_in_bins);
	tcase_add_test(gathered, shares_of_durations);
	tcase_add_test(gathered, marks_come_and_go);
	tcase_set_timeout(gathered, 60);
	tcase_add_loop_test(gathered, a_run_by_its_counters, 0, 4);
	suite_add_tcase(suite, gathered);
	tcase_set_timeout(page, 60);
	tcase_add_test(page, pages_are_whole);
	tcase_add_test(page, a_page_of_failures);
	suite_add_tcase(suite, page);
	return harness_main(suite);
}
