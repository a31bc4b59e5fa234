/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Every scenario, one a line; the file of the same name holds it. */
#ifndef TESTS_SCENARIO_LIST_H
#define TESTS_SCENARIO_LIST_H

/* What other implementations were seen to do, and this one shall not: tests/mutants/gap-N.patch puts it back */
#define GAPS(X) \
	X(g1_members_have_a_quota) \
	X(g2_a_group_has_one_pasid) \
	X(g3_partials_end_with_their_bond) \
	X(g4_an_overflow_ends_partials) \
	X(g5_a_drain_is_bounded) \
	X(g6_malformed_is_invalid_once) \
	X(g7_a_stop_marker_has_no_answer) \
	X(g8_credits_are_shared_out)

#define PITFALLS(X) \
	X(p01_partial_then_last) \
	X(p02_gone_with_pending) \
	X(p04_unbind_mid_fault) \
	X(p05_unbind_with_request_queued) \
	X(p07_gone_with_partial) \
	X(p08_deleted_with_request_queued) \
	X(p09_other_pasid_goes_on) \
	X(p10_faults_throughout_unbind) \
	X(p11_no_lock_in_callbacks) \
	X(p12_two_pasids_one_index) \
	X(p13_refused_members_get_no_answer) \
	X(p14_no_memory_while_faulting) \
	X(p15_members_without_last) \
	X(p16_every_refusal_returns_its_credit) \
	X(p17_stall_of_nobody) \
	X(p18_overflow_mid_group) \
	X(p19_stop_marker) \
	X(p21_pending_blocks_nobody) \
	X(p22_replace_entry_zero) \
	X(p23_delete_with_token_out) \
	X(p24_records_are_clean) \
	X(p26_addresses_arrive_whole) \
	X(p27_rights_upgrade) \
	X(p28_owner_lets_go_in_shutdown) \
	X(p29_unbind_as_last_holder) \
	X(p30_pasid_outlives_its_space) \
	X(p31_bind_and_unbind_for_ever) \
	X(p32_a_copy_is_another_space) \
	X(p33_late_request_of_the_last_owner) \
	X(p34_limits_of_pasids) \
	X(p36_many_devices_one_space) \
	X(p37_two_binds_one_unbind) \
	X(p38_failing_bind_changes_nothing) \
	X(p40_death_then_unbind_drains_once) \
	X(p41_entry_zero_is_drained) \
	X(p42_death_unbind_shutdown) \
	X(p43_invalidate_while_unbinding) \
	X(p44_failing_setup_unwinds) \
	X(p45_overflow_with_refill) \
	X(p46_overflow_then_service) \
	X(p48_entry_written_late) \
	X(p49_a_dispatch_is_bounded) \
	X(p50_credits_never_exceed_the_queue) \
	X(p51_smallest_command_queue) \
	X(p53_waits_end_and_look_again) \
	X(p55_invalidate_inside_a_wait) \
	X(p59_a_timeout_is_an_error) \
	X(p60_ends_of_ranges) \
	X(p61_huge_unmap) \
	X(p63_tlb_before_atc) \
	X(p64_ats_on_and_off_while_unmapping) \
	X(p65_next_owner_sees_its_own_memory) \
	X(p66_three_streams_and_a_twin) \
	X(p67_nobody_waits_for_the_gone) \
	X(p68_reset_against_the_rest) \
	X(p69_invalidate_around_shutdown) \
	X(p70_order_of_capabilities) \
	X(p73_no_lock_across_a_wait) \
	X(p74_incoherent_walks_are_refused) \
	X(p76_requests_before_init) \
	X(p77_answer_after_reset) \
	X(p78_never_stopped) \
	X(p79_a_bad_vf_hurts_nobody) \
	X(p80_interrupted_wait_is_no_success) \
	X(p81_a_blocked_space_delays_nobody) \
	X(p82_pasid_in_responses)

#define PROMISES(X) \
	X(s_ats_alone) \
	X(s_cut_is_one_device) \
	X(s_entry_refused) \
	X(s_entry_zero_all_along) \
	X(s_fence_saves_the_call) \
	X(s_flood_beside_neighbour) \
	X(s_foreign_pasid) \
	X(s_narrow_device_second) \
	X(s_no_system_call) \
	X(s_requests_of_nobody) \
	X(s_two_iommus_one_space) \
	X(s_unbind_from_shutdown) \
	X(s_watch_once) \
	X(s_without_dispatch)

#endif
