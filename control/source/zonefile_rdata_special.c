/* SPDX-License-Identifier: BSD-2-Clause
 *
 * RDATA whose fields depend on one another: IPSECKEY (RFC 4025), HIP (RFC 8005)
 * and type bitmaps (RFC 4034 section 4.1.2). Runs where zonefile.h runs;
 * allocates nothing.
 */
#include "control/source/zonefile_rdata.h"

#include <string.h>
#include <sys/socket.h>

/* precedence, gateway type, algorithm, gateway, key */
int
zonefile_rdata_ipseckey(struct zonefile_fields *f, struct err *err)
{
	unsigned gateway = 4;
	int rc = zonefile_field_number(f, 1, err);

	if (!rc)
		rc = zonefile_field_number(f, 1, err);
	if (!rc) {
		gateway = f->out.at[-1];
		rc = zonefile_field_number(f, 1, err);
	}
	if (rc)
		return rc;
	if (gateway > 3)
		return err_set(err, ERR_SYNTAX,
		    "gateway type %u: 0 is none, 1 IPv4, 2 IPv6, 3 a name",
		    gateway);
	if (gateway == 3)
		rc = zonefile_field_name(f, err);
	else if (gateway)
		rc = zonefile_field_address(
		    f, gateway == 1 ? AF_INET : AF_INET6, err);
	else if (f->at == f->end || !zonefile_token_is(f->at, "."))
		rc = err_set(err, ERR_SYNTAX, "gateway type 0 wants a dot");
	else
		f->at++;
	if (rc)
		return rc;
	rc = zonefile_base64(&f->out, f->at, (size_t)(f->end - f->at), err);
	if (!rc)
		f->at = f->end;
	return rc;
}

/* algorithm, HIT in hex, key in base64; rendezvous servers follow as names */
int
zonefile_rdata_hip(struct zonefile_fields *f, struct err *err)
{
	uint8_t *head = f->out.at;
	size_t hit, key;
	int rc;

	if (f->end - f->at < 3)
		return err_set(err, ERR_SYNTAX,
		    "HIP wants an algorithm, a HIT and a public key");
	wire_write8(&f->out, 0); /* HIT length, below */
	rc = zonefile_field_number(f, 1, err);
	if (rc)
		return rc;
	wire_write16(&f->out, 0); /* key length, below */
	rc = zonefile_hex(&f->out, f->at, 1, err);
	if (rc)
		return rc;
	hit = (size_t)(f->out.at - head) - 4;
	f->at++;
	rc = zonefile_base64(&f->out, f->at, 1, err);
	if (rc)
		return rc;
	key = (size_t)(f->out.at - head) - 4 - hit;
	if (hit > 255 || f->out.failed)
		return err_set(err, ERR_SYNTAX, "a HIT over 255 octets");
	f->at++;
	head[0] = (uint8_t)hit;
	wire_store16(head + 2, (uint16_t)key);
	return 0;
}

int
zonefile_rdata_bitmap(struct zonefile_fields *f, struct err *err)
{
	uint8_t bits[65536 / 8] = {0};
	unsigned window, n;
	uint16_t type;
	int rc;

	for (; f->at < f->end; f->at++) {
		rc = zonefile_type(&type, f->at, err);
		if (rc)
			return rc;
		bits[type / 8] |= (uint8_t)(0x80 >> type % 8);
	}
	for (window = 0; window < 256; window++) {
		for (n = 32; n && !bits[window * 32 + n - 1]; n--)
			;
		if (!n)
			continue;
		wire_write8(&f->out, (uint8_t)window);
		wire_write8(&f->out, (uint8_t)n);
		wire_write(&f->out, bits + window * 32, n);
	}
	return 0;
}
