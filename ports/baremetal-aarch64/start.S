/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * From QEMU's -kernel to main(): one core at EL1, MMU off, the device tree at the start of memory, which is left alone.
 *
 * The map is the identity, written down as data: 1 GiB blocks, 39-bit addresses, 4 KiB granule. Atomics need Normal memory, and the SMMU reads its tables
 * as Normal, Write-Back, Inner Shareable, so both look at memory the same way.
 */
	.equ	TCR, 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32	/* T0SZ, IRGN0, ORGN0, SH0, EPD1, IPS = 40 bits */
	.equ	MAIR, 0xff00			/* 0: Device-nGnRnE, 1: Normal Write-Back */
	.equ	DEVICE, 0x0060000000000401	/* block, AF, not executable */
	.equ	NORMAL, 0x705			/* block, AF, Inner Shareable, attributes 1 */

	.section .text.boot, "ax"
	.global	_start
_start:
	msr	daifset, #15
	ldr	x0, =stack_top
	mov	sp, x0
	ldr	x0, =bss_start
	ldr	x1, =bss_end
1:	cmp	x0, x1
	b.hs	2f
	stp	xzr, xzr, [x0], #16
	b	1b
2:	ldr	x0, =vectors
	msr	vbar_el1, x0
	ldr	x0, =MAIR
	msr	mair_el1, x0
	ldr	x0, =TCR
	msr	tcr_el1, x0
	ldr	x0, =identity
	msr	ttbr0_el1, x0
	dsb	sy
	tlbi	vmalle1
	dsb	sy
	isb
	mrs	x0, sctlr_el1
	mov	x1, #0x1005			/* I, C, M */
	orr	x0, x0, x1
	msr	sctlr_el1, x0
	isb
	bl	main
	b	board_exit

	/* Only interrupts come back; anything else is told and ends the program. The compiler's code may use x0-x18 and x30 */
	.macro	vector number
	.balign	128
	stp	x0, x1, [sp, #-160]!
	mov	x0, #\number
	b	exception
	.endm
	.balign	2048
vectors:
	.irp	number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vector	\number
	.endr
exception:
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x30, [sp, #144]
	bl	board_exception
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x30, [sp, #144]
	ldp	x0, x1, [sp], #160
	eret

	.section .data.identity, "aw"
	.balign	4096
identity:
	.quad	DEVICE				/* 0: GIC, UART, SMMU, PCI windows */
	.quad	0x40000000 | NORMAL		/* memory */
	.fill	254, 8, 0
	.quad	0x4000000000 | DEVICE		/* PCI configuration space */
	.fill	255, 8, 0
	.section .note.GNU-stack, "", @progbits
