/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Rows as a table, as JSON, and beside the JSON of an earlier run. */
#define _GNU_SOURCE
#include "bench.h"
#include <jansson.h>
#include <string.h>
#include <sys/utsname.h>

#define RISE 1.1	/* of an instruction count: more than another compiler version makes */

static const char *cpu_model(char *line, size_t size)
{
	FILE *info = fopen("/proc/cpuinfo", "r");
	const char *found = NULL;

	while (info != NULL && found == NULL && fgets(line, (int)size, info) != NULL) {
		char *colon = strchr(line, ':');

		if (colon != NULL && strncmp(line, "model name", 10) == 0) {
			line[strcspn(line, "\n")] = '\0';
			found = colon + 2;
		}
	}
	if (info != NULL)
		fclose(info);
	return found != NULL ? found : "unknown";
}

static double locked_add_ns(void)	/* the unit in which lock-free code is best measured */
{
	const unsigned n = 2000000;
	atomic_ulong x = 0;
	uint64_t begin = slice_now_ns();

	for (unsigned i = 0; i < n; i++)
		add_ar(&x, 1);
	return (double)(slice_now_ns() - begin) / n;
}

static json_t *machine(void)
{
	struct utsname name;
	char line[256];

	uname(&name);
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:f}", "cpu", cpu_model(line, sizeof(line)), "arch", name.machine, "kernel", name.release,
			 "compiler", __VERSION__, "cpus_used", (int)slice_cpus(), "atomic_add_ns", locked_add_ns());
}

static json_t *row_json(const struct bench_row *row)
{
	json_t *peers = json_object(), *out;

	for (unsigned i = 0; i < BENCH_PEERS; i++)
		if (row->peer[i] != NULL)
			json_object_set_new(peers, row->peer[i], json_real(row->peer_ns[i]));
	if (row->instructions > 0)
		return json_pack("{s:s, s:s, s:n, s:n, s:n, s:o, s:s, s:i, s:f, s:f}", "case", row->name, "variant", row->variant,
				 "ns", "floor_ns", "ratio", "peers", peers, "regime", "counted", "slices", (int)row->slices, "spread", 0.0, "instructions", row->instructions);
	out = json_pack("{s:s, s:s, s:f}", "case", row->name, "variant", row->variant, "ns", row->ns);
	json_object_set_new(out, "floor_ns", row->floor_ns > 0 ? json_real(row->floor_ns) : json_null());
	json_object_set_new(out, "ratio", row->floor_ns > 0 ? json_real(row->ratio) : json_null());
	json_object_set_new(out, "peers", peers);
	json_object_set_new(out, "regime", json_string(slice_regime_name(row->regime)));
	json_object_set_new(out, "slices", json_integer(row->slices));
	json_object_set_new(out, "spread", json_real(row->spread));
	return out;
}

int report_json(const struct bench *bench, FILE *to)
{
	json_t *rows = json_array(), *out;
	int status;

	for (unsigned i = 0; i < bench->nrows; i++)
		json_array_append_new(rows, row_json(&bench->rows[i]));
	out = json_pack("{s:s, s:i, s:o, s:o}", "schema", "iovm-bench", "version", 1, "machine", machine(), "cases", rows);
	status = json_dumpf(out, to, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	fputc('\n', to);
	json_decref(out);
	return status == 0 && fflush(to) == 0 ? 0 : 3;
}

static void print_row(const struct bench_row *row, FILE *to)
{
	if (row->instructions > 0) {
		fprintf(to, "%-12s  %-56s  %8.1f\n", row->name, row->variant, row->instructions);
		return;
	}
	fprintf(to, "%-12s  %-56s  %-3s  %8.1f", row->name, row->variant, slice_regime_name(row->regime), row->ns);
	if (row->floor_ns > 0)
		fprintf(to, "  %8.1f  %5.2f", row->floor_ns, row->ratio);
	else
		fprintf(to, "  %8s  %5s", "-", "-");
	fprintf(to, "  %2u  %3.0f%%", row->slices, row->spread * 100);
	for (unsigned i = 0; i < BENCH_PEERS; i++)
		if (row->peer[i] != NULL)
			fprintf(to, "  %s %.1f", row->peer[i], row->peer_ns[i]);
	fputc('\n', to);
}

int report_table(const struct bench *bench, FILE *to)
{
	if (bench->nrows > 0 && bench->rows[0].instructions > 0)
		fprintf(to, "%-12s  %-56s  %8s\n", "case", "variant", "instr.");
	else
		fprintf(to, "%-12s  %-56s  %-3s  %8s  %8s  %5s  %2s  %4s  peers, ns\n", "case", "variant", "cpu", "ns", "floor ns", "ratio", "n", "+-");
	for (unsigned i = 0; i < bench->nrows; i++)
		print_row(&bench->rows[i], to);
	return fflush(to) == 0 ? 0 : 3;
}

static bool same_text(const json_t *row, const char *key, const char *text)
{
	const char *value = json_string_value(json_object_get(row, key));

	return value != NULL && strcmp(value, text) == 0;
}

static const json_t *find(const json_t *cases, const struct bench_row *row)
{
	const char *regime = row->instructions > 0 ? "counted" : slice_regime_name(row->regime);
	const json_t *old;
	size_t i;

	json_array_foreach(cases, i, old)
		if (same_text(old, "case", row->name) && same_text(old, "variant", row->variant) && same_text(old, "regime", regime))
			return old;
	return NULL;
}

static json_t *load(const char *file)	/* NULL: said why */
{
	json_error_t error;
	json_t *earlier = json_load_file(file, 0, &error);

	if (earlier != NULL && same_text(earlier, "schema", "iovm-bench"))
		return earlier;
	fprintf(stderr, "iovm-bench: %s: %s\n", file, earlier == NULL ? error.text : "not written by iovm-bench --json");
	json_decref(earlier);
	return NULL;
}

int report_check_file(const char *file)
{
	json_t *earlier = load(file);

	json_decref(earlier);
	return earlier != NULL ? 0 : 2;
}

static bool compare_row(const struct bench_row *row, const json_t *old, FILE *to)	/* false: a count rose */
{
	bool counted = row->instructions > 0;
	double now = counted ? row->instructions : row->ns, then = json_number_value(json_object_get(old, counted ? "instructions" : "ns"));

	fprintf(to, "%-12s  %-56s  %8.1f", row->name, row->variant, now);
	if (then <= 0) {
		fprintf(to, "  %8s\n", "new");
		return true;
	}
	fprintf(to, "  %8.1f  %+6.1f%%", then, (now / then - 1) * 100);
	if (row->floor_ns > 0)
		fprintf(to, "  %5.2f  %5.2f", row->ratio, json_number_value(json_object_get(old, "ratio")));
	fputc('\n', to);
	return !counted || now <= then * RISE;
}

int report_compare(const struct bench *bench, const char *file, FILE *to)
{
	json_t *earlier = load(file);
	bool good = true;

	if (earlier == NULL)
		return 2;
	fprintf(to, "%-12s  %-56s  %8s  %8s  %7s  %5s  %5s\n", "case", "variant", "now", "then", "change", "ratio", "then");
	for (unsigned i = 0; i < bench->nrows; i++)
		good &= compare_row(&bench->rows[i], find(json_object_get(earlier, "cases"), &bench->rows[i]), to);
	json_decref(earlier);
	return fflush(to) != 0 ? 3 : good ? 0 : 1;
}
