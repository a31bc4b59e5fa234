/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * One history of two devices, an unknown one, two address spaces and one IOMMU, in which every situation occurs that the checker judges. Lines carry
 * tags, so that a test can change one; the phrases of which the history is made are here for edits that need more.
 */
#ifndef TESTS_CHECK_STORY_H
#define TESTS_CHECK_STORY_H
#include <iovm/backend.h>
#include <iovm/trace.h>

enum { A = 0x10, B = 0x20, STRANGER = 0x99, ASID = 7, ROOM = 512 };
enum { R = IOVM_REQ_READ, W = IOVM_REQ_WRITE, LAST = IOVM_REQ_LAST, P = IOVM_REQ_PASID };

/* A line of the history. DMA names the walk that it uses: ordinals are filled in when it is told */
struct line { char tag[24]; char walk[24]; struct iovm_trace rec; };
struct story { struct line line[ROOM]; unsigned n; uint64_t position, ticket; };

struct line *story_tell(struct story *s, const char *tag, unsigned event, struct iovm_trace rec);
const char *story_tagged(const char *name, const char *part);
uint64_t story_ask(struct story *s, const char *name, uint32_t stream, uint32_t pasid, unsigned index, unsigned flags, uint64_t addr);
void story_take(struct story *s, const char *name, uint64_t position, int verdict, uint32_t group, uint32_t bond, uint32_t ctx);
void story_serve(struct story *s, const char *name, uint64_t position, uint64_t mm);
void story_word(struct story *s, uint32_t stream, uint32_t group, int outcome);
void story_answer(struct story *s, const char *name, uint64_t position, uint32_t pasid, int code, int cause);
void story_dispatch(struct story *s, int work, uint64_t taken);
void story_call_back(struct story *s, const char *name, uint32_t stream, uint32_t pasid, uint32_t bond, uint32_t ctx, int what);
struct story *story_new(void);
#define TELL(s, tag, event, ...) story_tell(s, tag, IOVM_TR_##event, (struct iovm_trace){ __VA_ARGS__ })

#endif
