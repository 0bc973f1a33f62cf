/* SPDX-License-Identifier: BSD-2-Clause
 *
 * DPDK's environment from our configuration; see eal.h. Main thread, once.
 */
#include "dataplane/poll/eal.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "base/log.h"
#include "base/machine.h"

bool
eal_device_is_pci(const char *device)
{
	unsigned domain, bus, slot, function;
	int end = 0;

	if (sscanf(device, "%x:%x:%x.%x%n", &domain, &bus, &slot, &function,
		&end) != 4) {
		end = 0;
		if (sscanf(device, "%x:%x.%x%n", &bus, &slot, &function,
			&end) != 3)
			return false;
	}
	return device[end] == '\0' || device[end] == ',';
}

static void __attribute__((format(printf, 2, 3)))
add(struct eal_words *w, const char *format, ...)
{
	va_list ap;
	int n;

	if (w->count >= EAL_WORDS_MAX) {
		w->count = EAL_WORDS_MAX + 1; /* told by the caller */
		return;
	}
	va_start(ap, format);
	n = vsnprintf(w->text[w->count], EAL_WORD_BYTES, format, ap);
	va_end(ap);
	if (n < 0 || n >= EAL_WORD_BYTES) {
		w->count = EAL_WORDS_MAX + 1;
		return;
	}
	w->argv[w->count] = w->text[w->count];
	w->argv[++w->count] = NULL;
}

/* "0@MANAGEMENT,1@CPU,2@CPU": lcore numbers are ours, CPU numbers anything, so
 * that more than one lcore may share a CPU on small machines. */
static void
add_lcores(const struct config_dataplane *c, struct eal_words *w)
{
	char text[EAL_WORD_BYTES];
	unsigned lcore = EAL_LCORE_FIRST_WORKER;
	int n;

	n = snprintf(text, sizeof text, "%d@%u", EAL_LCORE_MANAGEMENT,
	    c->management_core);
	for (unsigned p = 0; p < c->nports; p++)
		for (unsigned i = 0; i < c->ports[p].ncores; i++)
			if (n > 0 && (size_t)n < sizeof text)
				n += snprintf(text + n, sizeof text - (size_t)n,
				    ",%u@%u", lcore++, c->ports[p].cores[i]);
	add(w, "--lcores");
	add(w, "%s", text);
	add(w, "--main-lcore");
	add(w, "%d", EAL_LCORE_MANAGEMENT);
}

static void
add_memory(const struct config_dataplane *c, bool huge, struct eal_words *w)
{
	add(w, "-m");
	add(w, "%u", c->memory_mib);
	if (huge) {
		/* No hugetlbfs mount and nothing left behind after a crash; one
		 * segment, because vhost-user passes eight at most. */
		add(w, "--in-memory");
		add(w, "--single-file-segments");
	} else {
		add(w, "--no-huge");
		add(w, "--no-shconf");
	}
	add(w, "--file-prefix");
	add(w, "%s", c->file_prefix);
}

static void
add_devices(const struct config_dataplane *c, struct eal_words *w)
{
	bool any_pci = false;

	for (unsigned p = 0; p < c->nports; p++) {
		bool pci = eal_device_is_pci(c->ports[p].device);

		add(w, pci ? "-a" : "--vdev");
		add(w, "%s", c->ports[p].device);
		any_pci |= pci;
	}
	if (!any_pci)
		add(w, "--no-pci");
}

int
eal_arguments(const struct config_dataplane *c, bool huge,
    struct eal_words *out, struct err *err)
{
	out->count = 0;
	add(out, "holdfast-dataplane");
	add_lcores(c, out);
	add_memory(c, huge, out);
	add_devices(c, out);
	add(out, "--no-telemetry");
	add(out, "--log-level=*:warning");
	for (unsigned i = 0; i < c->neal_options; i++)
		add(out, "%s", c->eal_options[i]);
	if (out->count > EAL_WORDS_MAX)
		return err_set(err, ERR_LIMIT,
		    "dataplane: more than %d words, or one of more than %d "
		    "characters, for DPDK's EAL; shorten devices, cores or "
		    "eal_options",
		    EAL_WORDS_MAX, EAL_WORD_BYTES - 1);
	return 0;
}

static int
choose_huge_pages(const struct config_dataplane *c, bool *huge, struct err *err)
{
	uint64_t mib = machine_huge_pages_free_mib();

	*huge = strcmp(c->huge_pages, "off") && mib >= c->memory_mib;
	if (!strcmp(c->huge_pages, "on") && !*huge)
		return err_set(err, ERR_NO_MEMORY,
		    "dataplane: huge_pages is on and memory_mib is %u, but %lu "
		    "MiB of huge pages are free; reserve more (sysctl "
		    "vm.nr_hugepages=%u) or set huge_pages: auto",
		    c->memory_mib, (unsigned long)mib,
		    (c->memory_mib + 1) / 2 + 64);
	if (!strcmp(c->huge_pages, "auto") && !*huge)
		log_info("ordinary pages: %lu MiB of huge pages are free, "
			 "memory_mib is %u",
		    (unsigned long)mib, c->memory_mib);
	return 0;
}

static int
check_cpus(const struct config_dataplane *c, struct err *err)
{
	int rc = machine_cpu_check(
	    c->management_core, "dataplane.management_core", err);

	for (unsigned p = 0; p < c->nports && !rc; p++)
		for (unsigned i = 0; i < c->ports[p].ncores && !rc; i++)
			rc = machine_cpu_check(
			    c->ports[p].cores[i], c->ports[p].name, err);
	return rc;
}

/* All words in one line, as far as they fit. */
static void
join_words(const struct eal_words *w, char *line, size_t bytes)
{
	size_t at = 0;

	line[0] = '\0';
	for (int i = 1; i < w->count; i++) {
		int n = snprintf(line + at, bytes - at, " %s", w->argv[i]);

		if (n < 0 || (size_t)n >= bytes - at)
			return;
		at += (size_t)n;
	}
}

int
eal_start(const struct config_dataplane *c, struct err *err)
{
	static struct eal_words words; /* EAL keeps pointers into them */
	char line[400];
	bool huge;
	int rc = check_cpus(c, err);

	if (!rc)
		rc = choose_huge_pages(c, &huge, err);
	if (!rc)
		rc = eal_arguments(c, huge, &words, err);
	if (rc)
		return rc;
	join_words(&words, line, sizeof line);
	if (rte_eal_init(words.count, words.argv) < 0)
		return err_set(err, ERR_IO,
		    "DPDK did not start (%s); its lines above say which port, "
		    "CPU or memory it could not have; its words were:%s",
		    rte_strerror(rte_errno), line);
	return 0;
}

void
eal_stop(void)
{
	rte_eal_cleanup();
}
