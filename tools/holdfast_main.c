/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast: the operator's command. Finds the command of the first word and
 * runs it; commands.c has them all.
 */
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "base/log.h"
#include "tools/command.h"

static const struct command *
first_word(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "help";

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		word = "help";
	if (strcmp(word, "--version") == 0)
		word = "version";
	return command_find(word);
}

int
main(int argc, char **argv)
{
	struct tool tool = {.command = first_word(argc, argv)};
	enum tool_status status;
	struct err err;

	log_open("holdfast", LOG_LEVEL_WARN);
	for (int i = 1; i < argc; i++)
		tool.json |= strcmp(argv[i], "--json") == 0;
	if (cpu_check(&err)) {
		status = tool_fail(&tool, &err);
	} else if (tool.command == NULL) {
		err_set(&err, ERR_USAGE,
		    "there is no command \"%s\"; `holdfast help` lists them",
		    argv[1]);
		status = tool_fail(&tool, &err);
	} else if (tool_options_parse(&tool, argc > 1 ? argc - 1 : argc,
		       argc > 1 ? argv + 1 : argv, &err)) {
		status = tool_fail(&tool, &err);
	} else {
		status = tool.command->run(&tool);
	}
	tool_fini(&tool);
	if (fflush(stdout) != 0) {
		fputs("holdfast: cannot write the output\n", stderr);
		status = TOOL_STORE;
	}
	return (int)status;
}
