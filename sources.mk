# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# The sources of libiovm: freestanding C11, undefined symbols memcpy, memmove, memset, memcmp only. Kernels vendor these lists as they are, the second
# one if they have an SMMUv3, the third if they want PCIe capabilities switched for them; the fourth is for hosts whose counters Prometheus scrapes:
#   cc -O2 -ffreestanding -std=gnu11 -Iinclude -Isrc -c $(iovm_core_sources) $(iovm_smmuv3_sources) $(iovm_pcie_sources)
# On AArch64 add -mno-outline-atomics, on Arm -march=armv7-a or later: else compilers for Linux call a library for each atomic operation.
iovm_core_sources = \
	src/pasid/bitmap.c \
	src/iommu/iommu.c \
	src/iommu/submit.c \
	src/iommu/device.c \
	src/mmctx/hash.c \
	src/mmctx/slot.c \
	src/inval/inval.c \
	src/pri/admit.c \
	src/pri/group.c \
	src/pri/serve.c \
	src/pri/answer.c \
	src/engine/system.c \
	src/engine/attach.c \
	src/engine/reset.c \
	src/engine/space.c \
	src/engine/bond.c \
	src/engine/mm.c \
	src/engine/retire.c \
	src/engine/dispatch.c \
	src/engine/stats.c \
	src/engine/strerror.c \
	src/engine/original.c
iovm_smmuv3_sources = \
	src/backends/smmuv3/smmuv3.c \
	src/backends/smmuv3/probe.c \
	src/backends/smmuv3/reset.c \
	src/backends/smmuv3/encode.c \
	src/backends/smmuv3/cmdq.c \
	src/backends/smmuv3/poll.c \
	src/backends/smmuv3/events.c \
	src/backends/smmuv3/form.c \
	src/backends/smmuv3/plan.c \
	src/backends/smmuv3/stream.c \
	src/backends/smmuv3/context.c
iovm_pcie_sources = \
	src/pcie/capability.c
iovm_text_sources = \
	src/engine/prometheus.c
