/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Words for EAL; see load_eal.h.
 */
#include "tools/load/load_eal.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "base/log.h"
#include "base/machine.h"

bool
load_device_is_pci(const char *device)
{
	const char *p = device;
	unsigned colons = 0;

	for (; isxdigit((unsigned char)*p) || *p == ':'; p++)
		colons += *p == ':';
	return colons >= 1 && colons <= 2 && *p == '.' &&
	       isxdigit((unsigned char)p[1]) && (p[2] == '\0' || p[2] == ',');
}

static void __attribute__((format(printf, 2, 3)))
add(struct load_eal_words *w, const char *format, ...)
{
	va_list ap;
	int n;

	if (w->count >= LOAD_EAL_ARGS_MAX)
		goto too_much;
	va_start(ap, format);
	n = vsnprintf(w->text[w->count], LOAD_EAL_TEXT_MAX, format, ap);
	va_end(ap);
	if (n < 0 || n >= LOAD_EAL_TEXT_MAX)
		goto too_much;
	w->argv[w->count] = w->text[w->count];
	w->argv[++w->count] = NULL;
	return;
too_much: /* told by the caller */
	w->count = LOAD_EAL_ARGS_MAX + 1;
}

/* "0@MAIN,1@CPU,2@CPU": more than one lcore may share a CPU. */
static void
add_lcores(const struct load_options *o, struct load_eal_words *w)
{
	char text[LOAD_EAL_TEXT_MAX];
	size_t at;

	at = (size_t)snprintf(text, sizeof text, "0@%u", o->main_cpu);
	for (unsigned i = 0; i < o->ncpus; i++)
		at += (size_t)snprintf(
		    text + at, sizeof text - at, ",%u@%u", i + 1, o->cpus[i]);
	add(w, "--lcores");
	add(w, "%s", text);
	add(w, "--main-lcore");
	add(w, "0");
}

static void
add_memory(const struct load_options *o, bool huge, struct load_eal_words *w)
{
	add(w, "-m");
	add(w, "%u", o->memory_mib);
	if (huge) {
		/* nothing is left behind; one segment, because vhost-user
		 * passes eight at most */
		add(w, "--in-memory");
		add(w, "--single-file-segments");
	} else {
		add(w, "--no-huge");
		add(w, "--no-shconf");
	}
	add(w, "--file-prefix");
	add(w, "%s", o->file_prefix);
}

int
load_eal_arguments(const struct load_options *o, bool huge,
    struct load_eal_words *out, struct err *err)
{
	bool pci = load_device_is_pci(o->device);

	out->count = 0;
	add(out, "holdfast-load");
	add_lcores(o, out);
	add_memory(o, huge, out);
	add(out, pci ? "-a" : "--vdev");
	add(out, "%s", o->device);
	if (!pci)
		add(out, "--no-pci");
	add(out, "--no-telemetry");
	add(out, "--log-level=*:warning");
	for (unsigned i = 0; i < o->neal_words; i++)
		add(out, "%s", o->eal_words[i]);
	if (out->count > LOAD_EAL_ARGS_MAX)
		return err_set(err, ERR_LIMIT,
		    "more than %d words, or one of more than %d characters, "
		    "for DPDK's EAL; shorten --device or --eal",
		    LOAD_EAL_ARGS_MAX, LOAD_EAL_TEXT_MAX - 1);
	return 0;
}

static int
choose_huge_pages(const struct load_options *o, bool *huge, struct err *err)
{
	uint64_t mib = machine_huge_pages_free_mib();

	*huge = o->huge != LOAD_HUGE_OFF && mib >= o->memory_mib;
	if (o->huge == LOAD_HUGE_ON && !*huge)
		return err_set(err, ERR_NO_MEMORY,
		    "--huge on with --memory %u, but %lu MiB of huge pages "
		    "are free; reserve more (sysctl vm.nr_hugepages=%u) or "
		    "leave --huge out",
		    o->memory_mib, (unsigned long)mib,
		    (o->memory_mib + 1) / 2 + 64);
	if (o->huge == LOAD_HUGE_AUTO && !*huge && !o->quiet)
		log_info("ordinary pages: %lu MiB of huge pages are free, "
			 "--memory is %u; the generator is slower so",
		    (unsigned long)mib, o->memory_mib);
	return 0;
}

int
load_eal_start(const struct load_options *o, struct err *err)
{
	static struct load_eal_words words; /* EAL keeps pointers into them */
	bool huge = false;
	int rc = machine_cpu_check(o->main_cpu, "--main-cpu", err);

	for (unsigned i = 0; i < o->ncpus && !rc; i++)
		rc = machine_cpu_check(o->cpus[i], "--cpus", err);
	if (!rc)
		rc = choose_huge_pages(o, &huge, err);
	if (!rc)
		rc = load_eal_arguments(o, huge, &words, err);
	if (rc)
		return rc;
	if (rte_eal_init(words.count, words.argv) < 0)
		return err_set(err, ERR_IO,
		    "DPDK did not start (%s); its lines above say what it "
		    "could not have: the device (%s), memory (--memory %u), a "
		    "CPU; another program with the same --file-prefix is in "
		    "the way too",
		    rte_strerror(rte_errno), o->device, o->memory_mib);
	return 0;
}
