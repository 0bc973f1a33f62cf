/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What was written, as messages show it.
 */
#ifndef HOLDFAST_CONFIG_QUOTE_H
#define HOLDFAST_CONFIG_QUOTE_H

/* Room for a quoted value in a message. */
enum { CONFIG_QUOTE_MAX = 96 };

/* The text in quotes, cut between characters if it is long. Returns dst. */
char *config_quote(char dst[CONFIG_QUOTE_MAX], const char *text);

#endif
