/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/source/zonefile_rdata.c, zonefile_rdata_special.c,
 * zonefile_svcb.c and rdata_shape.c: RDATA of every type from text to wire
 * form. The wire forms of the table are those of BIND 9.18 (named-rrchecker
 * -u), so that they are not our own opinion.
 */
#include <ctype.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/source/rdata_shape.h"
#include "control/source/zonefile.h"
#include "tests/unit/unit_run.h"

static const uint8_t apex[] = "\1t";

struct good {
	uint16_t type;
	const char *text; /* type and RDATA, origin t. */
	const char *hex;
};

static const struct good goods[] = {
    {1, "A 192.0.2.1", "C0000201"},
    {1, "A \\# 4 01020304", "01020304"},
    {2, "NS foo", "03666F6F017400"},
    {2, "NS Foo.Bar.", "03466F6F0342617200"},
    {2, "NS foo\\.", "04666F6F2E017400"},
    {2, "NS @", "017400"},
    {2, "NS .", "00"},
    {2, "NS \\@", "0140017400"},
    {2, "NS a\\032b\\.c.", "056120622E6300"},
    {3, "MD a", "0161017400"},
    {4, "MF a", "0161017400"},
    {5, "CNAME Target.Example.", "06546172676574074578616D706C6500"},
    {7, "MB a", "0161017400"},
    {8, "MG a", "0161017400"},
    {9, "MR a", "0161017400"},
    {10, "NULL \\# 3 010203", "010203"},
    {11, "WKS 192.0.2.1 TCP 25 80", "C0000201060000004000000000000080"},
    {11, "WKS 192.0.2.1 tcp ( smtp domain )", "C00002010600000040000004"},
    {11, "WKS 192.0.2.1 6 0", "C00002010680"},
    {11, "WKS 192.0.2.1 17", "C000020111"},
    {12, "PTR a.b", "01610162017400"},
    {13, "HINFO \"PC\" linux", "025043056C696E7578"},
    {14, "MINFO a b", "01610174000162017400"},
    {15, "MX 10 mail", "000A046D61696C017400"},
    {15, "MX \\# 3 000100", "000100"},
    {15, "MX 0 .", "000000"},
    {16, "TXT abc", "03616263"},
    {16, "TXT \"a b\" c \"\" \"d\\\"e\" f\\;g \\065 \"\\\\\"",
	"036120620163000364226503663B670141015C"},
    {16, "TXT \"\"", "00"},
    {16, "TXT a\"b\"c", "016101620163"},
    {16, "TXT \\# 3 026162", "026162"},
    {17, "RP mbox txt.example.", "046D626F7801740003747874076578616D706C6500"},
    {18, "AFSDB 1 host", "000104686F7374017400"},
    {19, "X25 311061700956", "0C333131303631373030393536"},
    {20, "ISDN 150862028003217 004",
	"0F31353038363230323830303332313703303034"},
    {20, "ISDN 150862028003217", "0F313530383632303238303033323137"},
    {21, "RT 10 relay", "000A0572656C6179017400"},
    {22,
	"NSAP 0x47.0005.80.005a00.0000.0001.e133.ffffff0001"
	"61.00",
	"47000580005A0000000001E133FFFFFF00016100"},
    {22, "NSAP 0x47000580005a0000000001e133ffffff00016100",
	"47000580005A0000000001E133FFFFFF00016100"},
    {23, "NSAP-PTR foo.", "03666F6F00"},
    {24,
	"SIG A 5 3 3600 20300101000000 20200101000000 12345"
	" example. AAAA",
	"0001050300000E1070DBD8805E0BE1003039076578616D706C650000"
	"0000"},
    {25,
	"KEY 512 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ3Cbl+BBZH4b"
	"/0PY1kxkmvHjcZc8no",
	"020003050103D22A6CA77F35B893206FD35E4C506D8378843709B97E"
	"041647E1BFF43D8D64C649AF1E371973C9E8"},
    {26, "PX 10 a b", "000A01610174000162017400"},
    {27, "GPOS -32.6882 116.8652 10.0",
	"082D33322E36383832083131362E383635320431302E30"},
    {28, "AAAA 2001:db8::1", "20010DB8000000000000000000000001"},
    {28, "AAAA ::ffff:1.2.3.4", "00000000000000000000FFFF01020304"},
    {29, "LOC 42 21 54 N 71 06 18 W -24m 30m",
	"0033161389172DD070BE15F000988D20"},
    {29,
	"LOC 42 21 54.123 S 71 06 18.5 E 24.5m 1m 10000m 10"
	"m",
	"0012161376E8D1B58F41EC040098A012"},
    {29, "LOC 42 N 10 E 5m", "00121613890321008225510000989874"},
    {29, "LOC 42 N 10 E 0m 90000000m", "00991613890321008225510000989680"},
    {29, "LOC 0 N 0 E 0", "00121613800000008000000000989680"},
    {29, "LOC 90 S 180 W 42849672.95m", "001216136CB0270059604E00FFFFFFFF"},
    {31, "EID 12ab", "12AB"},
    {32, "NIMLOC 12ab", "12AB"},
    {33, "SRV 1 2 3 target", "00010002000306746172676574017400"},
    {35,
	"NAPTR 100 50 \"s\" \"http+I2L+I2C+I2R\" \"\" _http._tcp."
	"foo.com.",
	"00640032017310687474702B49324C2B4932432B49325200055F6874"
	"7470045F74637003666F6F03636F6D00"},
    {35, "NAPTR 100 50 s \"\" \"!^.*$!sip:info@example.com!\" .",
	"006400320173001B215E2E2A24217369703A696E666F406578616D70"
	"6C652E636F6D2100"},
    {36, "KX 10 kx", "000A026B78017400"},
    {37,
	"CERT 6 0 0 MxFcby9k/yvedMfQgKzhH5er0Mu/vILz45Ikskc"
	"eFGgiWCn/GxHhai6VAuHAoNUz",
	"000600000033115C6F2F64FF2BDE74C7D080ACE11F97ABD0CBBFBC82"
	"F3E39224B2471E1468225829FF1B11E16A2E9502E1C0A0D533"},
    {37, "CERT PGP 0 RSASHA1 AQID", "0003000005010203"},
    {37, "CERT PKIX 1 8 AQID", "0001000108010203"},
    {39, "DNAME x.y", "01780179017400"},
    {39, "DNAME .", "00"},
    {42, "APL 1:192.168.32.0/21 !1:192.168.38.0/28",
	"00011503C0A82000011C83C0A826"},
    {42, "APL 1:224.0.0.0/4 2:FF00:0:0:0:0:0:0:0/8", "00010401E000020801FF"},
    {42, "APL", ""},
    {42, "APL 1:0.0.0.0/0", "00010000"},
    {43,
	"DS 60485 5 1 2BB183AF5F22588179A53B0A 98631FAD1A29"
	"2118",
	"EC4505012BB183AF5F22588179A53B0A98631FAD1A292118"},
    {43,
	"DS 60485 RSASHA1 1 2BB183AF5F22588179A53B0A98631FA"
	"D1A292118",
	"EC4505012BB183AF5F22588179A53B0A98631FAD1A292118"},
    {44, "SSHFP 2 1 123456789abcdef67890123456789abcdef67890",
	"0201123456789ABCDEF67890123456789ABCDEF67890"},
    {44,
	"SSHFP 4 2 123456789abcdef67890123456789abcdef67890"
	"123456789abcdef678901234",
	"0402123456789ABCDEF67890123456789ABCDEF67890123456789ABC"
	"DEF678901234"},
    {45,
	"IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usnt"
	"b102uFJtugbo6BSGvgqt4AQ==",
	"0A0102C0000226010351537986ED35533B6064478EEEB27B5BD74DAE"
	"149B6E81BA3A0521AF82AB7801"},
    {45,
	"IPSECKEY 10 0 2 . AQNRU3mG7TVTO2BkR47usntb102uFJtu"
	"gbo6BSGvgqt4AQ==",
	"0A0002010351537986ED35533B6064478EEEB27B5BD74DAE149B6E81"
	"BA3A0521AF82AB7801"},
    {45,
	"IPSECKEY 10 3 2 gw.example. AQNRU3mG7TVTO2BkR47usn"
	"tb102uFJtugbo6BSGvgqt4AQ==",
	"0A0302026777076578616D706C6500010351537986ED35533B606447"
	"8EEEB27B5BD74DAE149B6E81BA3A0521AF82AB7801"},
    {45,
	"IPSECKEY 10 2 2 2001:db8:0:8002::2000:1 AQNRU3mG7T"
	"VTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==",
	"0A020220010DB8000080020000000020000001010351537986ED3553"
	"3B6064478EEEB27B5BD74DAE149B6E81BA3A0521AF82AB7801"},
    {46,
	"RRSIG A 5 3 86400 20030322173103 20030220173103 26"
	"42 example.com. oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8W"
	"TrPYGv07h108dUKGMeDPKijVCHX3DDKdfb+v6oB9wfuh3DTJXU"
	"AfI/M0zmO/zz8bW0Rznl8O3tGNazPwQKkRN20XPXV6nwwfoXmJ"
	"QbsLNrLfkGJ5D6fwFm8nN+6pBzeDQfsS3Ap3o=",
	"00010503000151803E7C9DD73E5510D70A52076578616D706C650363"
	"6F6D00A090755BA58D1AFFA576F4375831B4310920E481218D18A9F1"
	"64EB3D81AFD3B875D3C75428631E0CF2A28D50875F70C329D7DBFAFE"
	"A807DC1FBA1DC34C95D401F23F334CE63BFCF3F1B5B44739E5F0EDED"
	"18D6B33F040A911376D173D757A9F0C1FA1798941BB0B36B2DF90627"
	"90FA7F0166F2737EEA907378341FB12DC0A77A"},
    {46,
	"RRSIG TYPE65534 RSASHA256 3 86400 4294967295 1 264"
	"2 Example.com. AAAA",
	"FFFE080300015180FFFFFFFF000000010A52074578616D706C650363"
	"6F6D00000000"},
    {46,
	"RRSIG A 5 3 86400 21060207062816 20030220173103 26"
	"42 example.com. AAAA",
	"0001050300015180000000003E5510D70A52076578616D706C650363"
	"6F6D00000000"},
    {47, "NSEC host.example.com. A MX RRSIG NSEC TYPE1234",
	"04686F7374076578616D706C6503636F6D000006400100000003041B"
	"000000000000000000000000000000000000000000000000000020"},
    {47, "NSEC a. A TYPE65535 CAA",
	"016100000140010140FF200000000000000000000000000000000000"
	"000000000000000000000000000001"},
    {48,
	"DNSKEY 256 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ3 Cbl+BB"
	"ZH4b/0PY1kxkmvHjcZc8no",
	"010003050103D22A6CA77F35B893206FD35E4C506D8378843709B97E"
	"041647E1BFF43D8D64C649AF1E371973C9E8"},
    {48, "DNSKEY 257 3 ECDSAP256SHA256 AQID", "0101030D010203"},
    {49,
	"DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2k"
	"jEA=",
	"000201636FC0B8271C82825BB1AC5C41CF5351AA69B4FEBD94E8F17C"
	"DB95000DA48C40"},
    {50,
	"NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22"
	"bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG",
	"0101000C04AABBCCDD14174EB2409FE28BCB4887A1836F957F0A8425"
	"E27B000722010000000290"},
    {50, "NSEC3 1 1 12 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR",
	"0101000C0014174EB2409FE28BCB4887A1836F957F0A8425E27B"},
    {50,
	"NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22"
	"bojr",
	"0101000C04AABBCCDD14174EB2409FE28BCB4887A1836F957F0A8425"
	"E27B"},
    {51, "NSEC3PARAM 1 0 12 aabbccdd", "0100000C04AABBCCDD"},
    {51, "NSEC3PARAM 1 0 0 -", "0100000000"},
    {52,
	"TLSA 3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d"
	"16e8a410e4561cb106618e971",
	"030101D2ABDE240D7CD3EE6B4B28C54DF034B97983A1D16E8A410E45"
	"61CB106618E971"},
    {53, "SMIMEA 3 1 1 d2abde", "030101D2ABDE"},
    {55,
	"HIP 2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhN"
	"uSutc5EMzxTs9LBPCIkOFH8cIvM4p9+LrV4e19WzK00+CI6zBC"
	"QTdtWsuxKbWIy87UOoJTwkUs7lBu+Upr1gsNrut79ryra+bSRG"
	"Qb1slImA8YVJyuIDsj7kwzG7jnERNqnWxZ48AWkskmdHaVDP4B"
	"celrTI3rMXdXF5D rvs1.example.com. rvs2",
	"10020084200100107B1A74DF365639CC39F1D57803010001B771CA13"
	"6E4AEB5CE44333C53B3D2C13C22243851FC708BCCE29F7E2EB5787B5"
	"F56CCAD34F8223ACC10904DDB56B2EC4A6D6232F3B50EA094F0914B3"
	"B941BBE529AF582C36BBADEFDAF2ADAF9B4911906F5B2522603C6152"
	"72B880EC8FB930CC6EE39C444DAA75B1678F005A4B2499D1DA5433F8"
	"05C7A5AD3237ACC5DD5C5E430472767331076578616D706C6503636F"
	"6D000472767332017400"},
    {55, "HIP 2 2001 AQID", "020200032001010203"},
    {56, "NINFO abc", "03616263"},
    {56, "NINFO a \"b c\"", "016103622063"},
    {57, "RKEY 0 0 0 AQID", "00000000010203"},
    {58, "TALINK a b", "01610174000162017400"},
    {59, "CDS 0 0 0 00", "0000000000"},
    {59,
	"CDS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A29"
	"2118",
	"EC4505012BB183AF5F22588179A53B0A98631FAD1A292118"},
    {60, "CDNSKEY 0 3 0 AA==", "0000030000"},
    {61, "OPENPGPKEY AQIDBAUG", "010203040506"},
    {62, "CSYNC 66 3 A NS AAAA", "000000420003000460000008"},
    {62, "CSYNC 66 3", "000000420003"},
    {63,
	"ZONEMD 2018031500 1 1 FEBE3D4CE2EC2FFA4BA99D46CD69"
	"D6D29711E55217057BEE7EB1A7B641A47BA7FED2DD5B97AE49"
	"9FAFA4F22C6BD647DE",
	"7848B78C0101FEBE3D4CE2EC2FFA4BA99D46CD69D6D29711E5521705"
	"7BEE7EB1A7B641A47BA7FED2DD5B97AE499FAFA4F22C6BD647DE"},
    {64, "SVCB 0 foo.example.com.", "000003666F6F076578616D706C6503636F6D00"},
    {64, "SVCB 16 foo.example.com. port=53",
	"001003666F6F076578616D706C6503636F6D00000300020035"},
    {64, "SVCB 1 foo.example.com. key667=hello",
	"000103666F6F076578616D706C6503636F6D00029B000568656C6C6F"},
    {64, "SVCB 1 foo.example.com. key667=\"hello\\210qoo\"",
	"000103666F6F076578616D706C6503636F6D00029B000968656C6C6F"
	"D2716F6F"},
    {64,
	"SVCB 1 foo.example.com. ipv6hint=\"2001:db8::1,2001"
	":db8::53:1\"",
	"000103666F6F076578616D706C6503636F6D000006002020010DB800"
	"000000000000000000000120010DB8000000000000000000530001"},
    {64,
	"SVCB 16 foo.example.org. alpn=h2,h3-19 mandatory=i"
	"pv4hint,alpn ipv4hint=192.0.2.1",
	"001003666F6F076578616D706C65036F726700000000040001000400"
	"0100090268320568332D313900040004C0000201"},
    {64, "SVCB 16 foo.example.org. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"",
	"001003666F6F076578616D706C65036F7267000001000C08665C6F6F"
	"2C626172026832"},
    {64, "SVCB 16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2",
	"001003666F6F076578616D706C65036F7267000001000C08665C6F6F"
	"2C626172026832"},
    {64, "SVCB 1 . no-default-alpn alpn=h2", "0001000001000302683200020000"},
    {64,
	"SVCB 1 . ech=AEn+DQBFKwAgACABWIHUGj4u+PIggYXcR5JF0"
	"gYk3dCRioBW8uJq9H4mKAAIAAEAAQABAANAEnB1YmxpYy50bHM"
	"tZWNoLmRldgAA",
	"0001000005004B0049FE0D00452B00200020015881D41A3E2EF8F220"
	"8185DC479245D20624DDD0918A8056F2E26AF47E2628000800010001"
	"0001000340127075626C69632E746C732D6563682E6465760000"},
    {64, "SVCB 1 . ech=\"AEn+DQBFKwA=\"", "000100000500080049FE0D00452B00"},
    {64, "SVCB 1 . dohpath=/dns-query{?dns}",
	"000100000700102F646E732D71756572797B3F646E737D"},
    {64, "SVCB 1 . key3=\\000\\053", "000100000300020035"},
    {64, "SVCB 1 . port=\"443\"", "0001000003000201BB"},
    {64, "SVCB 1 . alpn=\"h2\" port=443", "000100000100030268320003000201BB"},
    {64, "SVCB 1 . mandatory=port,alpn alpn=h2 port=1",
	"000100000000040001000300010003026832000300020001"},
    {65,
	"HTTPS 1 . alpn=\"h2,h3\" ipv4hint=192.0.2.1,192.0.2."
	"2 ipv6hint=2001:db8::1",
	"0001000001000602683202683300040008C0000201C0000202000600"
	"1020010DB8000000000000000000000001"},
    {65, "HTTPS 0 pool", "000004706F6F6C017400"},
    {65, "HTTPS 1 a ipv6hint=::1",
	"000101610174000006001000000000000000000000000000000001"},
    {99, "SPF \"v=spf1 -all\"", "0B763D73706631202D616C6C"},
    {104, "NID 10 0014:4fff:ff20:ee64", "000A00144FFFFF20EE64"},
    {105, "L32 10 10.1.2.0", "000A0A010200"},
    {106, "L64 10 2001:0DB8:1140:1000", "000A20010DB811401000"},
    {107, "LP 10 l64", "000A036C3634017400"},
    {108, "EUI48 00-00-5e-00-53-2a", "00005E00532A"},
    {109, "EUI64 00-00-5e-ef-10-00-00-2a", "00005EEF1000002A"},
    {109, "EUI64 ff-ff-ff-ff-ff-ff-ff-ff", "FFFFFFFFFFFFFFFF"},
    {256, "URI 10 1 \"ftp://ftp1.example.com/public\"",
	"000A00016674703A2F2F667470312E6578616D706C652E636F6D2F70"
	"75626C6963"},
    {257, "CAA 0 issue \"ca.example.net; account=230123\"",
	"0005697373756563612E6578616D706C652E6E65743B206163636F75"
	"6E743D323330313233"},
    {257, "CAA 0 issue ca.example.net",
	"0005697373756563612E6578616D706C652E6E6574"},
    {257, "CAA 128 tbs \"Unknown\"", "8003746273556E6B6E6F776E"},
    {257, "CAA 0 issue \";\"", "000569737375653B"},
    {258, "AVC abc", "03616263"},
    {258, "AVC \"a\" b", "01610162"},
    {260, "AMTRELAY 10 0 1 203.0.113.15", "0A01CB00710F"},
    {260, "AMTRELAY 10 1 2 2001:db8::15",
	"0A8220010DB8000000000000000000000015"},
    {260, "AMTRELAY 10 0 0 .", "0A00"},
    {260, "AMTRELAY 10 1 3 relay", "0A830572656C6179017400"},
    {261, "RESINFO \"qnamemin\" exterr=15",
	"08716E616D656D696E096578746572723D3135"},
    {32768,
	"TA 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292"
	"118",
	"EC4505012BB183AF5F22588179A53B0A98631FAD1A292118"},
    {32769,
	"DLV 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A29"
	"2118",
	"EC4505012BB183AF5F22588179A53B0A98631FAD1A292118"},
    {65280, "TYPE65280 \\# 4 0a000001", "0A000001"},
    {65280, "TYPE65280 \\# 0", ""},
    {65280, "TYPE65280 \\# 4 0a 00 0001", "0A000001"},
    /* what BIND refuses or does not know, and others accept */
    {47, "NSEC .", "00"},
    {43, "DS 1 ED25519 2 00", "00010F0200"},
    {44, "SSHFP 4 2 0123", "04020123"},
    {45, "IPSECKEY 10 0 0 .", "0A0000"},
    {52, "TLSA DANE-EE SPKI SHA2-256 d2abde", "030101D2ABDE"},
    {60, "CDNSKEY 0 3 0 0", "0000030000"},
    {64, "SVCB 1 . key7=x", "0001000007000178"},
    {64, "SVCB 1 . ohttp", "00010000080000"},
};

struct bad {
	const char *text;
	const char *says; /* a part of the error */
};

static const struct bad bads[] = {
    {"A 1.2.3", "'1.2.3' where an IPv4 address is wanted"},
    {"A 1.2.3.4.5", "'1.2.3.4.5' where an IPv4 address is wanted"},
    {"A 01.2.3.4", "'01.2.3.4' where an IPv4 address is wanted"},
    {"AAAA 1::2::3", "'1::2::3' where an IPv6 address is wanted"},
    {"NS a..b", "name 'a..b': an empty label (two dots, or a"},
    {"NS .a", "name '.a': an empty label (two dots, or a dot"},
    {"NS \\256.a.", "escape \\256 is no octet: \\000 to \\255"},
    {"NS \\1.a.", "an escape needs three digits: \\000 to \\255"},
    {"NULL abc", "RDATA of type 10 can't be read from text here"},
    {"HINFO a", "the RDATA ends before a string"},
    {"HINFO a b c", "'c' is more than the RDATA of this type has"},
    {"MX 65536 mail", "number 65536 is over 65535"},
    {"MX -1 mail", "'-1' where a number from 0 to 65535 is wanted"},
    {"MX 10", "the RDATA ends before a name"},
    {"MX mail", "'mail' where a number from 0 to 65535 is"},
    {"TXT", "the RDATA ends before a string"},
    {"NSAP 47", "an NSAP begins with 0x and has hexadecimal"},
    {"SIG 0 5 3 3600 20300101000000 20200101000000 123"
     "45 example. AAAA",
	"'0' is no record type that is known here"},
    {"KEY 0xc000 3 5", "'0xc000' where a number from 0 to 65535 is"},
    {"LOC 91 0 0 N 0 0 0 E 0m", "no such place: write D [M [S]] N|S D [M [S]]"},
    {"LOC 42 60 0 N 0 0 0 E 0m",
	"no such place: write D [M [S]] N|S D [M [S]]"},
    {"LOC 42 N 10 E -100000.01m", "'-100000.01m' where metres are wanted"},
    {"LOC 42 N 10 E 0m 1m 1m 1m 1m",
	"a location ends with the altitude and at most"},
    {"LOC 180 0 0 N 1 0 0 E 0", "no such place: write D [M [S]] N|S D [M [S]]"},
    {"LOC 42 N 181 E 0m", "no such place: write D [M [S]] N|S D [M [S]]"},
    {"NXT a A NS", "RDATA of type 30 can't be read from text here"},
    {"SRV 1 2 70000 target", "number 70000 is over 65535"},
    {"ATMA 39246f000102030405060708090a0b0c0d0e0f10",
	"RDATA of type 34 can't be read from text here"},
    {"ATMA +61.2.0000.0000", "RDATA of type 34 can't be read from text here"},
    {"CERT 65536 1 8 AQID", "number 65536 is over 65535"},
    {"APL 1:192.168.32.0/33", "'1:192.168.32.0/33' where a prefix is wanted:"},
    {"APL 1:192.168.32.0/21x", "'1:192.168.32.0/21x' where a prefix is"},
    {"APL 3:192.168.32.0/21", "'3:192.168.32.0/21' where a prefix is wanted:"},
    {"DS 60485 13 2 ABC", "an odd number of hexadecimal digits"},
    {"DS 60485 13 2 zz", "'zz' where hexadecimal digits are wanted"},
    {"DS 60485 FOO 2 ab", "'FOO' where an algorithm or certificate type"},
    {"IPSECKEY 10 4 2 x AQID", "gateway type 4: 0 is none, 1 IPv4, 2 IPv6, 3"},
    {"RRSIG A 5 3 86400 20030322173103 20030220173103 "
     "2642 example.com. oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjR"
     "ip8WTrPYGv07h108dUKGMeDPKijVCHX3DDKdfb+v6oB9wfuh"
     "3DTJXUAf==",
	"base64 that does not end on a group of four"},
    {"RRSIG A 5 3 86400 20031322173103 20030220173103 "
     "2642 example.com. AAAA",
	"'20031322173103' where a time YYYYMMDDHHmmSS"},
    {"RRSIG A 5 3 86400 99999999999 20030220173103 264"
     "2 example.com. AAAA",
	"number 99999999999 is over 4294967295"},
    {"NSEC a. FOO", "'FOO' is no record type that is known here"},
    {"DNSKEY 257 3 999 AQID", "number 999 is over 255"},
    {"DNSKEY 257 3 13", "the RDATA ends before base64 digits"},
    {"NSEC3 1 1 12 abc 2t7b4g4vsa5smi47k61mv5bv1a22boj"
     "r A",
	"salt: an odd number of hexadecimal digits"},
    {"NSEC3 1 1 12 - zzz A", "'zzz' where a hash in base32hex is wanted"},
    {"SVCB 1 . no-default-alpn", "no-default-alpn without alpn"},
    {"SVCB 1 . port=99999", "port: number 99999 is over 65535"},
    {"SVCB 1 . port=53 port=54", "a service parameter stands twice"},
    {"SVCB 1 . mandatory=port",
	"RDATA of 9 octets is not of the shape of type"},
    {"SVCB 1 . foo=bar", "'foo' is no service parameter that is known"},
    {"SVCB 1 . alpn", "alpn stands with a value"},
    {"SVCB 1 . alpn=", "alpn stands with a value"},
    {"SVCB 1 . ipv4hint=1.2.3.4,", "'' is no address for this hint"},
    {"SVCB 1 . ipv4hint=1.2.3", "'1.2.3' is no address for this hint"},
    {"SVCB 1 . key65535=1", "'key65535' is no service parameter that is"},
    {"SVCB 1 . key1=\"h2\"", "RDATA of 9 octets is not of the shape of type"},
    {"EUI48 00-00-5e-00-53", "'00-00-5e-00-53' where pairs of hexadecimal"},
    {"URI 10 1 \"\"", "RDATA of 4 octets is not of the shape of type"},
    {"CAA 0 \"\" \"x\"", "'' where a tag of letters and digits is wanted"},
    {"CAA 0 is-sue \"x\"", "'is-sue' where a tag of letters and digits is"},
    {"CAA 256 issue \"x\"", "number 256 is over 255"},
    {"CAA 0 issue", "the RDATA ends before a string"},
    {"AMTRELAY \\# 7 0A01CB00710F00",
	"RDATA of 7 octets is not of the shape of type"},
    {"DOA 0 1 2 \"\" aHR0cHM6",
	"RDATA of type 259 can't be read from text here"},
    {"SINK 0 0 0 AQID", "RDATA of type 40 can't be read from text here"},
    {"A6 0 ::1", "RDATA of type 38 can't be read from text here"},
    {"TYPE65280 \\# 1", "\\# says 1 octets, but the hexadecimal digits"},
    {"TYPE65280 \\# 1 0", "an odd number of hexadecimal digits"},
    {"TYPE65280 abc", "RDATA of type 65280 can't be read from text"},
    {"TYPE65536 \\# 0", "TYPE: number 65536 is over 65535"},
    {"TYPE0 \\# 0", "type 0 is a question or a message's own, not"},
    {"TYPE41 \\# 0", "type 41 is a question or a message's own, not"},
    {"TYPE255 \\# 0", "type 255 is a question or a message's own,"},
    {"ANY \\# 0", "type 255 is a question or a message's own,"},
    {"A \\# 3 010203", "RDATA of 3 octets is not of the shape of type"},
    {"A \\# 5 0102030405", "RDATA of type 1 has 1 octets too many"},
    {"SOA ns.a. root 4294967296 1 2 3 4",
	"number 4294967296 is over 4294967295"},
    {"SOA ns.a. root 1 2 3 4", "the RDATA ends before a time"},
    {"SOA ns.a. root 1 2 3 4 5 6",
	"'6' is more than the RDATA of this type has"},
    {"SOA ns.a. root 1h 2 3 4 5",
	"'1h' where a number from 0 to 4294967295 is"},
    {"TSIG a.", "type 250 is a question or a message's own,"},
    {"OPT", "type 41 is a question or a message's own, not"},
    {"A \"1.2.3.4\"", "'1.2.3.4' where an IPv4 address is wanted"},
    {"MX \"10\" a", "'10' where a number from 0 to 65535 is wanted"},
    {"AMTRELAY 10 2 1 1.2.3.4", "the discovery bit of AMTRELAY is 0 or 1"},
    {"AMTRELAY 10 0 4 a", "gateway type 4: 0 is none, 1 IPv4, 2 IPv6, 3"},
    {"AMTRELAY 10 0 1", "the RDATA ends before an IPv4 address"},
    {"RKEY 0 0 0", "the RDATA ends before base64 digits"},
};

/* A zone of little but the record, at x.t. */
static int
parse_record(struct zone_records **z, const char *record, struct err *err)
{
	char *text;
	int rc;

	ck_assert_int_ge(
	    asprintf(&text,
		"$TTL 1\n@ SOA a b 1 2 3 4 5\n@ NS ns.u.\n"
		"x %s\n%s",
		record, strncmp(record, "DS", 2) ? "" : "x NS a.\n"),
	    0);
	rc = zonefile_parse(z, "z", text, strlen(text), apex, NULL, err);
	free(text);
	return rc;
}

static void
to_hex(char *dst, const uint8_t *p, size_t n)
{
	*dst = 0;
	for (size_t i = 0; i < n; i++)
		sprintf(dst + 2 * i, "%02X", p[i]);
}

static void
check_good(const struct good *g)
{
	static const uint8_t owner[] = "\1x\1t";
	static char hex[2 * 65535 + 1];
	const struct record *r;
	struct zone_records *z;
	struct err err;
	size_t n;

	ck_assert_msg(
	    parse_record(&z, g->text, &err) == 0, "%s: %s", g->text, err.text);
	r = zone_records_find(z, owner, g->type, &n);
	ck_assert_msg(r && n == 1, "%s: no such record", g->text);
	to_hex(hex, record_rdata(z, r), r->rdata_bytes);
	ck_assert_msg(
	    strcmp(hex, g->hex) == 0, "%s: %s, not %s", g->text, hex, g->hex);
	zone_records_free(z);
}

START_TEST(rdata_of_every_type_is_what_bind_makes_of_it)
{
	for (size_t i = 0; i < sizeof goods / sizeof *goods; i++)
		check_good(&goods[i]);
}
END_TEST

START_TEST(rdata_of_wrong_shape_is_refused_with_its_cause)
{
	struct zone_records *z;
	struct err err;

	for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
		ck_assert_msg(parse_record(&z, bads[i].text, &err) != 0,
		    "%s: accepted", bads[i].text);
		ck_assert_msg(strstr(err.text, bads[i].says) != NULL,
		    "%s: '%s' does not say '%s'", bads[i].text, err.text,
		    bads[i].says);
		ck_assert_msg(strncmp(err.text, "z:4: ", 5) == 0,
		    "%s: '%s' names no line", bads[i].text, err.text);
	}
}
END_TEST

/* Types whose fields are all read by us; ldns must agree on plain input. */
static const char *const plain[] = {"A 192.0.2.1", "AAAA 2001:db8::1", "NS a.b",
    "NS Foo.Bar.", "CNAME @", "PTR a\\.b.c.", "MX 10 mail", "MX 65535 .",
    "TXT a b \"c d\"", "TXT \"a\\\"b\\;\" c", "SRV 1 2 3 a",
    "NAPTR 100 50 \"s\" \"http\" \"\" _http._tcp.foo.com.", "DNAME x.y",
    "SOA ns root 1 2 3 4 5", "SOA ns root 4294967295 1h 2m 3w 1d2h",
    "DS 60485 5 1 2BB183AF5F22588179A53B0A 98631FAD1A292118",
    "DNSKEY 256 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ3 Cbl+BBZH4b/0PY1kxkmvHjc=",
    "NSEC host.example.com. A MX RRSIG NSEC TYPE1234",
    "NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX NS",
    "NSEC3PARAM 1 0 0 -", "CSYNC 66 3 A NS AAAA", "HINFO \"PC\" linux",
    "RRSIG A 5 3 86400 20300322173103 20030220173103 2642 a.com. AAAA",
    "TLSA 3 1 1 d2abde", "SSHFP 2 1 123456789abcdef678",
    "LOC 1 2 3 N 4 5 6 E 7m",
    "IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4",
    "APL 1:192.168.32.0/21 !1:192.168.38.0/28", "CAA 0 issue \"ca.net\"",
    "URI 10 1 \"ftp://a/b\"", "HTTPS 1 . alpn=\"h2,h3\" port=443",
    "SVCB 1 a ipv4hint=192.0.2.1 mandatory=ipv4hint", "WKS 1.2.3.4 tcp 25 80"};

START_TEST(ldns_makes_the_same_of_plain_rdata)
{
	char line[512], hex[1024];
	struct good g = {.hex = hex};
	ldns_rdf *origin = ldns_dname_new_frm_str("t.");
	ldns_rr *rr;
	size_t n;

	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
		snprintf(line, sizeof line, "x.t. 1 IN %s", plain[i]);
		ck_assert_msg(ldns_rr_new_frm_str(&rr, line, 0, origin, NULL) ==
				  LDNS_STATUS_OK,
		    "ldns: %s", plain[i]);
		g.type = (uint16_t)ldns_rr_get_type(rr);
		g.text = plain[i];
		*hex = 0;
		for (n = 0; n < ldns_rr_rd_count(rr); n++)
			to_hex(hex + strlen(hex),
			    ldns_rdf_data(ldns_rr_rdf(rr, n)),
			    ldns_rdf_size(ldns_rr_rdf(rr, n)));
		/* a SOA may not stand at x.t. */
		if (g.type != LDNS_RR_TYPE_SOA)
			check_good(&g);
		ldns_rr_free(rr);
	}
	ldns_rdf_deep_free(origin);
}
END_TEST

/* Cuts the RDATA of every good record at every octet: must not be accepted, but
 * where the last field may be shorter. Sanitizers see reads behind the end. */
START_TEST(shapes_are_checked_to_the_last_octet)
{
	unsigned refused = 0;
	struct err err;

	for (size_t i = 0; i < sizeof goods / sizeof *goods; i++) {
		size_t n = strlen(goods[i].hex) / 2;

		for (size_t cut = 0; cut <= n; cut++) {
			uint8_t *rdata = malloc(cut ? cut : 1);
			unsigned octet;
			int rc;

			for (size_t at = 0; at < cut; at++) {
				sscanf(goods[i].hex + 2 * at, "%2x", &octet);
				rdata[at] = (uint8_t)octet;
			}
			rc = rdata_shape_check(goods[i].type, rdata, cut, &err);
			ck_assert_msg(cut < n || rc == 0, "%s", err.text);
			refused += rc != 0;
			free(rdata);
		}
	}
	ck_assert_uint_gt(refused, 1800);
}
END_TEST

struct shape_case {
	uint16_t type;
	const char *octets;
	size_t bytes;
};

START_TEST(unsound_shapes_are_refused)
{
	static const struct shape_case cases[] = {
	    {0, "", 0}, {41, "", 0}, {128, "", 0}, {255, "", 0},
	    {1, "\1\2\3\4\5", 5}, {2, "\100a", 2}, {2, "\300\0", 2},
	    {47, "\0\0\0", 3},             /* a window of no octets */
	    {47, "\0\0\1\0", 4},           /* ends with a zero */
	    {47, "\0\1\1\200\0\1\200", 7}, /* windows descend */
	    {42, "\0\1\41\0", 4},          /* prefix 33 of IPv4 */
	    {42, "\0\1\10\2\12\0", 6},     /* a zero at the end */
	    {42, "\0\2\10\21aaaaaaaaaaaaaaaaa", 21},
	    {45, "\1\4\2", 3},                      /* gateway type 4 */
	    {55, "\0\2\0\1x", 5},                   /* no HIT */
	    {64, "\0\1\0\0\3\0\1x", 8},             /* port of one octet */
	    {64, "\0\1\0\0\3\0\2xx\0\3\0\2xx", 15}, /* a key twice */
	    {64, "\0\1\0\0\0\0\2\0\3", 9}, /* mandatory, but not there */
	    {64, "\0\1\0\0\0\0\2\0\0", 9}, /* mandatory itself */
	    {64, "\0\1\0\377\377\0\0", 7}, {64, "\0\1\0\0\2\0\1x", 8},
	    {257, "\0\0x", 3}, /* an empty tag */
	};
	struct err err;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_msg(rdata_shape_check(cases[i].type,
				  (const uint8_t *)cases[i].octets,
				  cases[i].bytes, &err) == ERR_SEMANTIC,
		    "case %zu accepted", i);
	/* an unknown type has no shape */
	ck_assert_int_eq(
	    rdata_shape_check(65280, (const uint8_t *)"x", 1, &err), 0);
	ck_assert_int_eq(
	    rdata_shape_check(260, (const uint8_t *)"\1\203\1a", 5, &err), 0);
}
END_TEST

START_TEST(rdata_over_65535_octets_is_refused)
{
	size_t strings = 65536 / 2 + 1, i;
	char *text = malloc(8 + 4 * strings), *p = text;
	struct zone_records *z;
	struct err err;

	p += sprintf(p, "TXT (");
	/* a line break now and then: lines have a limit of their own */
	for (i = 0; i < strings; i++)
		p += sprintf(p, i % 1000 ? " a" : "\na");
	strcpy(p, ")");
	ck_assert_int_eq(parse_record(&z, text, &err), ERR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "RDATA over 65,535 octets"));
	/* two strings less fit */
	strcpy(p - 4, ")");
	ck_assert_msg(parse_record(&z, text, &err) == 0, "%s", err.text);
	zone_records_free(z);
	free(text);
}
END_TEST

UNIT_MAIN("zonefile_rdata", rdata_of_every_type_is_what_bind_makes_of_it,
    rdata_of_wrong_shape_is_refused_with_its_cause,
    ldns_makes_the_same_of_plain_rdata, shapes_are_checked_to_the_last_octet,
    unsound_shapes_are_refused, rdata_over_65535_octets_is_refused)
