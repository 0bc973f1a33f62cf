/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The version that every program prints.
 */
#ifndef HOLDFAST_VERSION_H
#define HOLDFAST_VERSION_H

#define HOLDFAST_VERSION "0.1.0"

#endif
