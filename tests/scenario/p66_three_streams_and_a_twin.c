/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 66: a device of three StreamIDs, one of them named twice. Each of the three translates, is invalidated and is cut off, once. */
#include "scenario.h"

static uint32_t atc_streams[16];
static unsigned natc;

static void listen(const struct iovm_trace *rec)
{
	if (rec->event == IOVM_TR_EXEC && rec->code == IOVM_CMD_ATC && natc < 16)
		atc_streams[natc++] = rec->stream_id;
}

SCENARIO(p66_three_streams_and_a_twin)
{
	static const uint32_t ids[] = { 0x300, 0x301, 0x300, 0x302 };
	const struct iovm_sim_ep_config config = { .size = sizeof config, .credits = 16, .pasid_bits = 8, .flags = IOVM_DEV_TRUSTED, .nstream_ids = 4, .stream_ids = ids };
	struct iovm_sim *sim = scene_new();
	struct iovm_sim_ep *ep = iovm_sim_ep_new_config(sim, &config, NULL);
	struct ears ears = { 0 };
	void *mm = scene_space(sim);
	unsigned i, j;
	int pasid;

	ck_assert_ptr_nonnull(ep);
	ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(ep)), 0);
	pasid = scene_bind(ep, mm, &ears);
	for (i = 0; i < 6; i++)
		ck_assert(scene_dma(sim, ep, pasid, BASE + i * PAGE));
	scene_listener = listen;
	ck_assert_int_eq(iovm_sim_mm_unmap(mm, BASE, BASE + PAGE - 1), 0);
	scene_listener = NULL;
	ck_assert_uint_ge(natc, 1);
	for (i = 0; i < natc; i++)
		for (j = 0; j < i; j++)
			ck_assert_uint_ne(atc_streams[i], atc_streams[j]);
	ck_assert_int_eq(scene_unbind(ep, mm), 0);
	ck_assert_uint_eq(iovm_sim_ep_atc(ep, (uint32_t)pasid), 0);
	ck_assert(!scene_dma(sim, ep, pasid, BASE + PAGE));
	iovm_sim_run(sim);
	ck_assert_uint_eq(ears.unbound, 1);
	scene_end(sim);
}
