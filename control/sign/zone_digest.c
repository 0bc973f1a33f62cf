/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ZONEMD for zones signed here (zone_digest.h); the digest is that which checks
 * zones too.
 */
#include "control/sign/zone_digest.h"

#include <string.h>

#include "base/wire.h"
#include "control/dnssec/dnssec_zonemd.h"

enum { SCHEME_SIMPLE = 1, SHA384_BYTES = ZONEMD_RDATA_BYTES - 6 };

int
zone_digest_rdata(const struct zone_records *z,
    uint8_t rdata[ZONEMD_RDATA_BYTES], struct err *err)
{
	uint8_t digest[ZONEMD_DIGEST_MAX];

	if (dnssec_zonemd_digest(digest, z, ZONEMD_SHA384) != SHA384_BYTES)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	wire_store32(rdata, z->serial);
	rdata[4] = SCHEME_SIMPLE;
	rdata[5] = ZONEMD_SHA384;
	memcpy(rdata + 6, digest, SHA384_BYTES);
	return 0;
}
