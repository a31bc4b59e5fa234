/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What this program says of itself: the package's version, and what it was built by. */
#ifndef TOOLS_VERSION_H
#define TOOLS_VERSION_H
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifdef PACKAGE_VERSION
#define IOVM_TOOL_VERSION PACKAGE_VERSION
#else
#define IOVM_TOOL_VERSION "unversioned"
#endif
#ifdef __clang__
#define IOVM_TOOL_COMPILER "clang " __clang_version__
#else
#define IOVM_TOOL_COMPILER "gcc " __VERSION__
#endif
#if defined(__SANITIZE_ADDRESS__)
#define IOVM_TOOL_SANITIZER ", address sanitizer"
#elif defined(__SANITIZE_THREAD__)
#define IOVM_TOOL_SANITIZER ", thread sanitizer"
#else
#define IOVM_TOOL_SANITIZER ""
#endif
#define IOVM_TOOL_BUILD IOVM_TOOL_VERSION ", " IOVM_TOOL_COMPILER IOVM_TOOL_SANITIZER

#endif
