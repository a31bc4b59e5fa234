# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# The sources of libiovm's core: freestanding C11, undefined symbols memcpy, memmove, memset, memcmp only. Kernels vendor this list as it is:
#   cc -ffreestanding -std=gnu11 -Iinclude -Isrc -c $(iovm_core_sources)
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
