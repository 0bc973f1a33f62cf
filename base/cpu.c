/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Asks the processor (CPUID) and the kernel (XGETBV) for the x86-64-v3
 * features, as the psABI lists them. The Makefile compiles this file alone for
 * plain x86-64, and it calls libc only: it must run where the rest cannot.
 */
#include "base/cpu.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>

enum cpu_register { REG_EBX, REG_ECX };

struct cpu_feature {
	const char *name;
	unsigned leaf;
	enum cpu_register reg;
	unsigned bit;
};

static const struct cpu_feature features[] = {
    {"SSE4.2", 1, REG_ECX, bit_SSE4_2},
    {"POPCNT", 1, REG_ECX, bit_POPCNT},
    {"AVX", 1, REG_ECX, bit_AVX},
    {"F16C", 1, REG_ECX, bit_F16C},
    {"FMA", 1, REG_ECX, bit_FMA},
    {"MOVBE", 1, REG_ECX, bit_MOVBE},
    {"OSXSAVE", 1, REG_ECX, bit_OSXSAVE},
    {"AVX2", 7, REG_EBX, bit_AVX2},
    {"BMI1", 7, REG_EBX, bit_BMI},
    {"BMI2", 7, REG_EBX, bit_BMI2},
    {"LZCNT", 0x80000001, REG_ECX, bit_LZCNT},
};

static int
feature_is_there(const struct cpu_feature *f)
{
	unsigned eax, ebx, ecx, edx;

	if (!__get_cpuid_count(f->leaf, 0, &eax, &ebx, &ecx, &edx))
		return 0;
	return ((f->reg == REG_EBX ? ebx : ecx) & f->bit) != 0;
}

/* The kernel must save the ymm registers, too: XCR0 bits 1 (SSE) and 2 (AVX).
 * Only called when OSXSAVE says that XGETBV exists. */
static int
kernel_saves_ymm(void)
{
	unsigned eax, edx;

	__asm__("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
	return (eax & 6) == 6;
}

int
cpu_check(struct err *err)
{
	char missing[128] = "";
	size_t len = 0;

	for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
		if (feature_is_there(&features[i]))
			continue;
		snprintf(missing + len, sizeof missing - len, " %s",
		    features[i].name);
		len = strlen(missing);
	}
	if (!len && !kernel_saves_ymm())
		snprintf(missing, sizeof missing, " ymm-state-by-the-kernel");
	if (!missing[0])
		return 0;
	if (err) {
		err->code = ERR_UNAVAILABLE;
		snprintf(err->text, sizeof err->text,
		    "this processor lacks%s: Holdfast needs x86-64-v3 "
		    "(2013 or later; in a virtual machine choose a CPU model "
		    "that passes these on)",
		    missing);
	}
	return ERR_UNAVAILABLE;
}
