/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Stamps of dmesg ("[ 1234.567890]", with -T "[Tue Nov 24 13:44:07 2026]"), of syslog ("Nov 24 13:44:07 host kernel:") and of journalctl ("2026-11-24T13:44:07.5+0100").
 * They serve to say how long a repetition went on, so only differences matter: a date without a year is taken as of a leap year, and zones are ignored.
 */
#include <ctype.h>
#include <string.h>
#include "decode_stamp.h"

#define NEAR 160	/* a stamp stands within this many characters of the line's start */

/* Digits, `least` to `most` of them; the rest of the text, or NULL */
static const char *digits(const char *at, unsigned least, unsigned most, int64_t *value)
{
	unsigned n = 0;

	*value = 0;
	for (; n < most && isdigit((unsigned char)*at); n++)
		*value = *value * 10 + (*at++ - '0');
	return n < least || isdigit((unsigned char)*at) ? NULL : at;
}

static const char *fraction(const char *at, int64_t *us)
{
	int64_t scale = 100000;

	*us = 0;
	if ((*at != '.' && *at != ',') || !isdigit((unsigned char)at[1]))
		return at;
	for (at++; isdigit((unsigned char)*at); at++, scale /= 10)
		*us += (*at - '0') * scale;
	return at;
}

static const char *since_boot(const char *open, int64_t *us)	/* at '[' */
{
	int64_t seconds, part;
	const char *at = open + 1;

	while (*at == ' ')
		at++;
	at = digits(at, 1, 12, &seconds);
	if (!at || *at != '.')
		return NULL;
	at = fraction(at, &part);
	*us = seconds * 1000000 + part;
	return *at == ']' ? at + 1 : NULL;
}

static const char *time_of_day(const char *at, int64_t *us)
{
	int64_t h, m, s, part;

	if (!(at = digits(at, 2, 2, &h)) || *at != ':' || !(at = digits(at + 1, 2, 2, &m)) || *at != ':' || !(at = digits(at + 1, 2, 2, &s)))
		return NULL;
	at = fraction(at, &part);
	*us = ((h * 60 + m) * 60 + s) * 1000000 + part;
	return at;
}

static int64_t days(int64_t year, int64_t month, int64_t day)	/* of the Gregorian calendar, with March as the first month */
{
	if (month <= 2) {
		year--;
		month += 12;
	}
	return year * 365 + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day;
}

static const char *iso(const char *at, int64_t *us)		/* 2026-11-24T13:44:07 */
{
	int64_t y, m, d;

	if (!(at = digits(at, 4, 4, &y)) || *at != '-' || !(at = digits(at + 1, 2, 2, &m)) || *at != '-' || !(at = digits(at + 1, 2, 2, &d)))
		return NULL;
	if ((*at != 'T' && *at != ' ') || !(at = time_of_day(at + 1, us)))
		return NULL;
	*us += days(y, m, d) * INT64_C(86400000000);
	return at;
}

static const char *written(const char *at, int64_t *us)		/* Nov 24 13:44:07, Nov 24 13:44:07 2026 */
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *year_at;
	int64_t year, day;
	unsigned m;

	for (m = 0; m < 12 && strncmp(at, months + 3 * m, 3); m++)
		;
	if (m == 12 || at[3] != ' ')
		return NULL;
	for (at += 4; *at == ' '; at++)
		;
	if (!(at = digits(at, 1, 2, &day)) || *at != ' ' || !(at = time_of_day(at + 1, us)))
		return NULL;
	year_at = *at == ' ' ? digits(at + 1, 4, 4, &year) : NULL;
	*us += days(year_at ? year : 2000, m + 1, day) * INT64_C(86400000000);
	return year_at ? year_at : at;
}

static struct decode_stamp made(enum decode_clock clock, int64_t us, const char *from, const char *to)
{
	struct decode_stamp stamp = { .clock = clock, .us = us };
	size_t length = (size_t)(to - from);

	if (length >= sizeof(stamp.text))
		length = sizeof(stamp.text) - 1;
	memcpy(stamp.text, from, length);
	return stamp;
}

struct decode_stamp decode_stamp_find(const char *line, const char **rest)
{
	struct decode_stamp none = { .clock = DECODE_NO_CLOCK };
	const char *at, *end, *begin = line;
	int64_t us;

	*rest = line;
	for (at = line; *at && at - line < NEAR; at++)
		if (*at == '[' && (end = since_boot(at, &us))) {
			*rest = end;
			for (at++; *at == ' '; at++)
				;
			return made(DECODE_SINCE_BOOT, us, at, end - 1);
		}
	while (*begin == ' ' || *begin == '[')
		begin++;
	if (isalpha((unsigned char)begin[0]) && strspn(begin, "MonTueWdhFriSat") == 3 && begin[3] == ' ')
		begin += 4;
	end = iso(begin, &us);
	if (!end)
		end = written(begin, &us);
	return end ? made(DECODE_DATE, us, begin, end) : none;
}

bool decode_stamp_span(const struct decode_stamp *first, const struct decode_stamp *last, int64_t *us)
{
	*us = last->us - first->us;
	return first->clock != DECODE_NO_CLOCK && first->clock == last->clock && *us >= 0;
}
