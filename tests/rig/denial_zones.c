/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The zones of the denial tests; see denial_zones.h. Signatures are made up:
 * nobody verifies them here.
 */
#include "tests/rig/denial_zones.h"

#define SIGNED(covers)                                                         \
	" 60 RRSIG " covers                                                    \
	" 13 1 60 20300101000000 20200101000000 1 example. c2lnbmF0dXJl\n"
/* An NSEC or NSEC3 record and its signature. */
#define NSEC(owner, next, types)                                               \
	owner " 60 NSEC " next " " types "\n" owner SIGNED("NSEC")
#define NSEC3(owner, next, types)                                              \
	owner " 60 NSEC3 1 1 12 aabbccdd " next " " types                      \
	      "\n" owner SIGNED("NSEC3")
#define DIGEST                                                                 \
	"0123456789012345678901234567890123456789012345678901234567890123"

/* What both have: RFC 4035 appendix A, RFC 5155 appendix A, and aliases. */
#define RECORDS                                                                                                                      \
	"@ 60 SOA ns1 host 9 3600 600 86400 30\n"                                                                                    \
	"@" SIGNED(                                                                                                                  \
	    "SOA") "@ 60 NS ns1\n"                                                                                                   \
		   "@" SIGNED(                                                                                                       \
		       "NS") "@ 60 DNSKEY 256 3 13 AwEAAcw=\n"                                                                       \
			     "@" SIGNED(                                                                                             \
				 "DNSKEY") "a 60 NS ns1.a\n"                                                                         \
					   "a 60 DS 1 13 2 " DIGEST "\n"                                                             \
					   "a" SIGNED(                                                                               \
					       "DS") "ns1.a 60 A 192.0.2.5\n"                                                        \
						     "ai 60 A 192.0.2.9\n"                                                           \
						     "ai" SIGNED(                                                                    \
							 "A") "c 60 NS ns1.c\n"                                                      \
							      "ns1.c 60 A 192.0.2.7\n"                                               \
							      "ns1 60 A 192.0.2.1\n"                                                 \
							      "ns1" SIGNED(                                                          \
								  "A") "ns2 60 A 192.0.2.2\n"                                        \
								       "ns2" SIGNED(                                                 \
									   "A") "*.w 60 MX 1 ai\n"                                   \
										"*.w" SIGNED(                                        \
										    "MX") "x.w 60 MX 1 xx\n"                         \
											  "x.w" SIGNED(                              \
											      "MX") "x.y.w 60 MX 1 xx\n"             \
												    "x.y.w" SIGNED(                  \
													"MX") "xx 60 A 192.0.2.10\n" \
													      "xx" SIGNED(           \
														  "A")

const char denial_zone_nsec[] = RECORDS NSEC(
    "@", "a", "NS SOA RRSIG NSEC DNSKEY") NSEC("a", "ai",
    "NS DS RRSIG NSEC") NSEC("ai", "c", "A RRSIG NSEC") NSEC("c", "d",
    "NS RRSIG NSEC") "d 60 DNAME w\n"
		     "d" SIGNED("DNAME") NSEC("d", "e",
			 "DNAME RRSIG NSEC") "e 60 CNAME q.w\n"
					     "e" SIGNED("CNAME") NSEC("e",
						 "*.f",
						 "CNAME RRSIG NSEC") "*.f 60 CNAME q.c\n"
								     "*.f" SIGNED(
									 "CNAME") NSEC("*.f",
									 "ns1",
									 "CNAME RRSIG NSEC") NSEC("ns1",
									 "ns2",
									 "A RRSIG NSEC") NSEC("ns2",
									 "*.w",
									 "A RRSIG NSEC") NSEC("*.w",
									 "x.w",
									 "MX RRSIG NSEC") NSEC("x.w",
									 "x.y.w",
									 "MX RRSIG NSEC")
									 NSEC(
									     "x.y.w",
									     "xx",
									     "MX RRSIG NSEC")
									     NSEC(
										 "xx",
										 "@",
										 "A RRSIG NSEC");

const char denial_zone_nsec3[] = RECORDS
    "@ 60 NSEC3PARAM 1 0 12 aabbccdd\n"
    "@" SIGNED("NSEC3PARAM") NSEC3("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom",
	"2t7b4g4vsa5smi47k61mv5bv1a22bojr", "NS SOA RRSIG DNSKEY NSEC3PARAM")
	NSEC3("2t7b4g4vsa5smi47k61mv5bv1a22bojr",
	    "2vptu5timamqttgl4luu9kg21e0aor3s",
	    "A RRSIG") NSEC3("2vptu5timamqttgl4luu9kg21e0aor3s",
	    "35mthgpgcu1qg68fab165klnsnk3dpvl",
	    "MX RRSIG") NSEC3("35mthgpgcu1qg68fab165klnsnk3dpvl",
	    "b4um86eghhds6nea196smvmlo4ors995",
	    "NS DS RRSIG") NSEC3("b4um86eghhds6nea196smvmlo4ors995",
	    "gjeqe526plbf1g8mklp59enfd789njgi",
	    "MX RRSIG") NSEC3("gjeqe526plbf1g8mklp59enfd789njgi",
	    "ji6neoaepv8b5o6k4ev33abha8ht9fgc", "A RRSIG")
	    NSEC3("ji6neoaepv8b5o6k4ev33abha8ht9fgc",
		"k8udemvp1j2f7eg6jebps17vp3n8i58h", "")
		NSEC3("k8udemvp1j2f7eg6jebps17vp3n8i58h",
		    "q04jkcevqvmu85r014c7dkba38o0ji5r", "")
		    NSEC3("q04jkcevqvmu85r014c7dkba38o0ji5r",
			"r53bq7cc2uvmubfu5ocmm6pers9tk9en", "A RRSIG")
			NSEC3("r53bq7cc2uvmubfu5ocmm6pers9tk9en",
			    "t644ebqk9bibcna874givr6joj62mlhv", "MX RRSIG")
			    NSEC3("t644ebqk9bibcna874givr6joj62mlhv",
				"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom", "A RRSIG");
const struct denial_question denial_questions[] = {
    /* RFC 4035 appendix B.2: name error */
    {"ml.nsec.", "A", "NXDOMAIN", "*.f @ "},
    /* the name and the wildcard are covered by one record */
    {"*.x.w.nsec.", "A", "NXDOMAIN", "x.w "},
    {"a.ai.nsec.", "A", "NXDOMAIN", "ai "},
    /* B.3: no data */
    {"ns1.nsec.", "MX", "NOERROR", "ns1 "},
    {"nsec.", "MX", "NOERROR", "@ "},
    /* empty non-terminals: the record in front spans them */
    {"y.w.nsec.", "A", "NOERROR", "x.w "},
    {"w.nsec.", "A", "NOERROR", "ns2 "},
    {"f.nsec.", "A", "NOERROR", "e "},
    /* B.4, B.5: referrals with DS and without */
    {"mc.a.nsec.", "MX", "NOERROR", ""},
    {"mc.c.nsec.", "MX", "NOERROR", "c "},
    {"c.nsec.", "A", "NOERROR", "c "},
    /* section 3.1.4.1: DS at the cut and at the apex */
    {"a.nsec.", "DS", "NOERROR", ""},
    {"c.nsec.", "DS", "NOERROR", "c "},
    {"nsec.", "DS", "NOERROR", "@ "},
    /* B.6, B.7: what a wildcard has, and has not */
    {"a.z.w.nsec.", "MX", "NOERROR", "x.y.w "},
    {"a.z.w.nsec.", "AAAA", "NOERROR", "*.w x.y.w "},
    {"*.w.nsec.", "MX", "NOERROR", ""},
    {"*.w.nsec.", "AAAA", "NOERROR", "*.w "},
    {"a.z.w.nsec.", "ANY", "NOERROR", "x.y.w "},
    {"a.z.w.nsec.", "RRSIG", "NOERROR", "x.y.w "},
    /* chains that end in those */
    {"e.nsec.", "MX", "NOERROR", "*.w "},
    {"e.nsec.", "A", "NOERROR", "*.w "},
    {"z.d.nsec.", "MX", "NOERROR", "x.y.w "},
    {"q.z.d.nsec.", "TXT", "NOERROR", "*.w x.y.w "},
    {"q.x.d.nsec.", "TXT", "NXDOMAIN", "x.w "},
    {"y.d.nsec.", "TXT", "NOERROR", "x.w "},
    /* the wildcard's alias leads to an insecure cut: two proofs */
    {"q.f.nsec.", "A", "NOERROR", "*.f c "},
    /* an NSEC asked for is an answer */
    {"ns1.nsec.", "NSEC", "NOERROR", ""},
    {"d.nsec.", "A", "NOERROR", "d "},
    /* RFC 5155 appendix B.1: name error */
    {"a.c.x.w.example.", "A", "NXDOMAIN",
	"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 35mthgpgcu1qg68fab165klnsnk3dpvl b4um86eghhds6nea196smvmlo4ors995 "},
    /* an owner of an NSEC3 record is no name: section 7.2.8 */
    {"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.", "NSEC3", "NXDOMAIN",
	"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom gjeqe526plbf1g8mklp59enfd789njgi q04jkcevqvmu85r014c7dkba38o0ji5r "},
    /* B.2, B.2.1: no data, also of an empty non-terminal */
    {"ns1.example.", "MX", "NOERROR", "2t7b4g4vsa5smi47k61mv5bv1a22bojr "},
    {"y.w.example.", "A", "NOERROR", "ji6neoaepv8b5o6k4ev33abha8ht9fgc "},
    /* B.3: referral to an opted-out zone, and its DS */
    {"mc.c.example.", "MX", "NOERROR",
	"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 35mthgpgcu1qg68fab165klnsnk3dpvl "},
    {"c.example.", "DS", "NOERROR",
	"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 35mthgpgcu1qg68fab165klnsnk3dpvl "},
    {"mc.a.example.", "MX", "NOERROR", ""},
    /* B.4, B.5: what a wildcard has, and has not */
    {"a.z.w.example.", "MX", "NOERROR", "q04jkcevqvmu85r014c7dkba38o0ji5r "},
    {"a.z.w.example.", "AAAA", "NOERROR",
	"k8udemvp1j2f7eg6jebps17vp3n8i58h q04jkcevqvmu85r014c7dkba38o0ji5r r53bq7cc2uvmubfu5ocmm6pers9tk9en "},
    /* B.6: DS at the apex */
    {"example.", "DS", "NOERROR", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom "},
};

const size_t denial_question_count =
    sizeof denial_questions / sizeof denial_questions[0];
