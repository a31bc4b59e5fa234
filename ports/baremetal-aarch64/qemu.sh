#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# qemu.sh PROGRAM.elf [QEMU-OPTION...]: run it on the machine that the port is for; QEMU names the emulator. The exit status is the program's.
# Time is counted in instructions and sleep costs none of it (-icount shift=0,sleep=off): two runs are the same to the byte.
set -u
program=$1
shift
semihosting='enable=on,target=native'
[ -z "${NOTES-}" ] || semihosting="$semihosting,arg=iovm,arg=$NOTES"	# the file for what log.h notes
exec "${QEMU:-qemu-system-aarch64}" -machine virt,iommu=smmuv3 -cpu cortex-a57 -m 256 -nodefaults -display none -serial stdio -monitor none \
	-semihosting-config "$semihosting" -icount shift=0,sleep=off \
	-device edu,addr=1.0,dma_mask=0xffffffffffffffff -device edu,addr=2.0,dma_mask=0xffffffffffffffff -kernel "$program" "$@"
