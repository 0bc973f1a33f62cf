/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Configurations with one mistake each, and the exact text that the operator
 * gets: syntax, options, zones, and options that do not go together.
 */
#include <string.h>

#include "config/config.h"
#include "tests/unit/unit_run.h"

/* A port that wants only its addresses; 5 lines. */
#define PORT                                                                   \
	"dataplane:\n"                                                         \
	"  ports:\n"                                                           \
	"    - name: wan\n"                                                    \
	"      device: net_null0\n"                                            \
	"      cores: 1\n"

struct bad {
	const char *text, *message;
};

static const struct bad bad_syntax[] = {
    {"",
	"/etc/t.yaml:1: nothing is configured here: the file is empty or has comments alone"},
    {"# all off\n---\n...\n",
	"/etc/t.yaml:1: nothing is configured here: the file is empty or has comments alone"},
    {"[]\n", "/etc/t.yaml:1: allowed is a section: lines \"option: value\""},
    {"just text\n",
	"/etc/t.yaml:1: allowed is a section: lines \"option: value\""},
    {"store: {directory: /a\nanswer: {}\n",
	"/etc/t.yaml:2: did not find expected ',' or '}' while parsing a flow mapping that starts in line 1"},
    {"store:\n\tdirectory: /a\n",
	"/etc/t.yaml:2: found character that cannot start any token while scanning for the next token"},
    {"store: \"a\n",
	"/etc/t.yaml:2: found unexpected end of stream while scanning a quoted scalar that starts in line 1"},
    {"store: {}\n---\nstore: {}\n",
	"/etc/t.yaml:2: a second document starts here, a configuration is one"},
    {"store: &a {}\nanswer: *a\n",
	"/etc/t.yaml:1: anchors (&name) and aliases (*name) are not allowed, write the value out, or in quotes if it starts with & or *"},
    {"store: {}\nanswer: *a\n",
	"/etc/t.yaml:2: anchors (&name) and aliases (*name) are not allowed, write the value out, or in quotes if it starts with & or *"},
    {"sockets:\n  threads: !!int 3\n",
	"/etc/t.yaml:2: tags (!type) are not allowed, write the value in quotes if it starts with !"},
    {"sockets:\n  listen: !x [::1]\n",
	"/etc/t.yaml:2: tags (!type) are not allowed, write the value in quotes if it starts with !"},
    {"sockets: !x\n  listen: [::1]\n",
	"/etc/t.yaml:1: tags (!type) are not allowed, write the value in quotes if it starts with !"},
    {"sockets: &x\n  listen: [::1]\n",
	"/etc/t.yaml:1: anchors (&name) and aliases (*name) are not allowed, write the value out, or in quotes if it starts with & or *"},
    {"sockets:\n  listen: &x [::1]\n",
	"/etc/t.yaml:2: anchors (&name) and aliases (*name) are not allowed, write the value out, or in quotes if it starts with & or *"},
    {"answer:\n  identity: caf\xe9\n",
	"/etc/t.yaml:2: not UTF-8 text: incomplete UTF-8 octet sequence"},
    {"\xff\xfe"
     "a\0:\0",
	"/etc/t.yaml:1: not UTF-8 text: invalid leading UTF-8 octet"},
    {"answer:\n  identity: \"a\\nb\"\n",
	"/etc/t.yaml:2: a value or key with a line break or another control character in it"},
    {"answer:\n  identity: |\n    a\n    b\n",
	"/etc/t.yaml:2: a value or key with a line break or another control character in it"},
    {"{[a]: b}\n",
	"/etc/t.yaml:1: a list or a mapping where the name of an option is expected"},
    {"? {a: b}\n: c\n",
	"/etc/t.yaml:1: a list or a mapping where the name of an option is expected"},
    {"zones: [[[[[[[[[[[[a]]]]]]]]]]]]\n",
	"/etc/t.yaml:1: lists and mappings nest too deep"},
    {"<<: {store: {}}\n",
	"/etc/t.yaml:1: unknown option \"<<\", known here are log_level, store, answer, dataplane, sockets, limits, control, rollout, guards, zone_directory, zones_from, dnssec_default, policies and zones"},
};

/* A row has what is given and what is said, however long. */
/* clang-format off */
static const struct bad bad_options[] = {
	{"store: {directory: /a}\nstroe: {}\n",
	    "/etc/t.yaml:2: unknown option \"stroe\", did you mean \"store\"?"},
	{"dataplane:\n  mtu: 1500\n",
	    "/etc/t.yaml:2: unknown option \"dataplane.mtu\", did you mean \"dataplane.ports[].mtu\"?"},
	{"answer:\n  colour: red\n",
	    "/etc/t.yaml:2: unknown option \"answer.colour\", known here are udp_max, nsid, identity, version, quarantine_s, samples_per_second and cookies"},
	{"answer:\n  abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz: red\n",
	    "/etc/t.yaml:2: unknown option \"answer.abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl...\", known here are udp_max, nsid, identity, version, quarantine_s, samples_per_second and cookies"},
	{"control:\n  directory: red\n",
	    "/etc/t.yaml:2: unknown option \"control.directory\", did you mean \"store.directory\"?"},
	{"answer:\n  udp_max: 1232\n  nsid: a\n  udp_max: 512\n",
	    "/etc/t.yaml:4: option \"answer.udp_max\" is given twice, first in line 2"},
	{"answer: {}\nstore: {}\nanswer: {}\n",
	    "/etc/t.yaml:3: option \"answer\" is given twice, first in line 1"},
	{"answer: 3\n",
	    "/etc/t.yaml:1: option \"answer\": allowed is a section: lines \"option: value\""},
	{"answer: [1]\n",
	    "/etc/t.yaml:1: option \"answer\": allowed is a section: lines \"option: value\""},
	{"answer:\n  udp_max: [1]\n",
	    "/etc/t.yaml:2: option \"answer.udp_max\": a list is given, allowed is one value"},
	{"answer:\n  udp_max: {a: 1}\n",
	    "/etc/t.yaml:2: option \"answer.udp_max\": a mapping is given, allowed is one value"},
	{"answer:\n  udp_max: 511\n",
	    "/etc/t.yaml:2: option \"answer.udp_max\": 511 is out of range, allowed are 512 to 4096"},
	{"answer:\n  samples_per_second: 10001\n",
	    "/etc/t.yaml:2: option \"answer.samples_per_second\": 10001 is out of range, allowed are 0 to 10000"},
	{"guards:\n  replay:\n    minutes: 61\n",
	    "/etc/t.yaml:3: option \"guards.replay.minutes\": 61 is out of range, allowed are 1 to 60"},
	{"guards:\n  replay:\n    lost_permille: 1001\n",
	    "/etc/t.yaml:3: option \"guards.replay.lost_permille\": 1001 is out of range, allowed are 0 to 1000"},
	{"guards:\n  replay:\n    least: 0\n",
	    "/etc/t.yaml:3: option \"guards.replay.least\": 0 is out of range, allowed are 1 to 1000000"},
	{"answer:\n  udp_max: 4097\n",
	    "/etc/t.yaml:2: option \"answer.udp_max\": 4097 is out of range, allowed are 512 to 4096"},
	{"answer:\n  udp_max: 99999999999999999999\n",
	    "/etc/t.yaml:2: option \"answer.udp_max\": 99999999999999999999 is out of range, allowed are 512 to 4096"},
	{"answer:\n  udp_max: -1\n",
	    "/etc/t.yaml:2: option \"answer.udp_max\": -1 is out of range, allowed are 512 to 4096"},
	{"answer:\n  udp_max: 0x400\n",
	    "/etc/t.yaml:2: option \"answer.udp_max\": \"0x400\" is not a whole number, allowed are 512 to 4096"},
	{"answer:\n  udp_max: 0777\n",
	    "/etc/t.yaml:2: option \"answer.udp_max\": \"0777\" is not a whole number, allowed are 512 to 4096"},
	{"answer:\n  udp_max: 1e3\n",
	    "/etc/t.yaml:2: option \"answer.udp_max\": \"1e3\" is not a whole number, allowed are 512 to 4096"},
	{"answer:\n  udp_max:\n",
	    "/etc/t.yaml:2: option \"answer.udp_max\": no value is given, give one or leave the line out"},
	{"answer:\n  udp_max: \"\"\n",
	    "/etc/t.yaml:2: option \"answer.udp_max\": no value is given, give one or leave the line out"},
	{"answer:\n  nsid: hex:abc\n",
	    "/etc/t.yaml:2: option \"answer.nsid\": \"hex:abc\" is not of the right form, allowed are texts of at most 64 octets, or hex: and up to 64 octets in hexadecimal; or off"},
	{"answer:\n  nsid: \"hex:\"\n",
	    "/etc/t.yaml:2: option \"answer.nsid\": \"hex:\" is not of the right form, allowed are texts of at most 64 octets, or hex: and up to 64 octets in hexadecimal; or off"},
	{"answer:\n  nsid: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", "/etc/t.yaml:2: option \"answer.nsid\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" is not of the right form, allowed are texts of at most 64 octets, or hex: and up to 64 octets in hexadecimal; or off"},
	{"answer:\n  nsid: \"\"\n",
	    "/etc/t.yaml:2: option \"answer.nsid\": no value is given, give one or leave the line out"},
	{"rollout:\n  canary: sometimes\n",
	    "/etc/t.yaml:2: option \"rollout.canary\": \"sometimes\" is neither true nor false, allowed are true or false"},
	{"rollout: {least_s: 20,\n  most_s: 10}\n",
	    "/etc/t.yaml:1: option \"rollout.least_s\": 20 is more than 10 of \"rollout.most_s\" in line 2"},
	{"rollout: {good_permille: 100}\n",
	    "/etc/t.yaml:1: option \"rollout.good_permille\": 100 is not below 50 of \"rollout.bad_permille\" in line 1"},
	{"control:\n  prove: maybe\n",
	    "/etc/t.yaml:2: option \"control.prove\": \"maybe\" is neither true nor false, allowed are true or false"},
	{"control:\n  prove: \"true\"\n",
	    "/etc/t.yaml:2: option \"control.prove\": \"true\" is neither true nor false, allowed are true or false"},
	{"control:\n  metrics: 127.0.0.1:9153\n",
	    "/etc/t.yaml:2: option \"control.metrics\": \"127.0.0.1:9153\" is not an address, allowed are IPv4 as 192.0.2.1, IPv6 as 2001:db8::1, and for listeners @PORT behind them"},
	{"control:\n  metrics: 127.0.0.1@91530\n",
	    "/etc/t.yaml:2: option \"control.metrics\": \"127.0.0.1@91530\" has a bad port behind the @, allowed are 0 to 65535"},
	{"control:\n  metrics: 127.0.0.1@\n",
	    "/etc/t.yaml:2: option \"control.metrics\": \"127.0.0.1@\" has a bad port behind the @, allowed are 0 to 65535"},
	{"control:\n  metrics: 300.0.0.1\n",
	    "/etc/t.yaml:2: option \"control.metrics\": \"300.0.0.1\" is not an address, allowed are IPv4 as 192.0.2.1, IPv6 as 2001:db8::1, and for listeners @PORT behind them"},
	{"control:\n  metrics: \"::ffff:192.0.2.1\"\n",
	    "/etc/t.yaml:2: option \"control.metrics\": \"::ffff:192.0.2.1\" is not an address, allowed are IPv4 as 192.0.2.1, IPv6 as 2001:db8::1, and for listeners @PORT behind them"},
	{"control:\n  metrics: 224.0.0.1@9153\n",
	    "/etc/t.yaml:2: option \"control.metrics\": \"224.0.0.1@9153\" is a multicast address, allowed are IPv4 and IPv6 addresses, with @PORT or for port 53"},
	{"control:\n  metrics: ff02::1@9153\n",
	    "/etc/t.yaml:2: option \"control.metrics\": \"ff02::1@9153\" is a multicast address, allowed are IPv4 and IPv6 addresses, with @PORT or for port 53"},
	{"control:\n  socket_group: 9lives\n",
	    "/etc/t.yaml:2: option \"control.socket_group\": \"9lives\" is not of the right form, allowed are names of groups; or off"},
	{"control:\n  retain: 1\n",
	    "/etc/t.yaml:2: option \"control.retain\": 1 is out of range, allowed are 2 to 10000"},
	{"store:\n  directory: var/lib\n",
	    "/etc/t.yaml:2: option \"store.directory\": \"var/lib\" is not an absolute path, allowed are absolute paths"},
	{"store:\n  run: /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	    "/etc/t.yaml:2: option \"store.run\": a text of 84 octets is too long, allowed are 80"},
	{"log_level: loud\n",
	    "/etc/t.yaml:1: option \"log_level\": \"loud\" is not known here, allowed are error, warn, info or debug"},
	{"dataplane:\n  keep_capabilities: [sys_admin]\n", "/etc/t.yaml:2: option \"dataplane.keep_capabilities[0]\": \"sys_admin\" is not known here, allowed are net_admin, net_raw, bpf, ipc_lock, sys_nice or sys_rawio"},
	{"dataplane:\n  user: a/b\n",
	    "/etc/t.yaml:2: option \"dataplane.user\": \"a/b\" is not of the right form, allowed are names of users; or off"},
	{"sockets:\n  user: a/b\n",
	    "/etc/t.yaml:2: option \"sockets.user\": \"a/b\" is not of the right form, allowed are names of users; or off"},
	{"dataplane:\n  huge_pages: yes\n",
	    "/etc/t.yaml:2: option \"dataplane.huge_pages\": \"yes\" is not known here, allowed are auto, on or off"},
	{"dataplane:\n  ports: {name: a}\n",
	    "/etc/t.yaml:2: option \"dataplane.ports\": allowed is a list: items that start with \"- \""},
	{"dataplane:\n  ports:\n    - 3\n",
	    "/etc/t.yaml:3: option \"dataplane.ports[0]\": allowed is a section: lines \"option: value\""},
	{"dataplane:\n  ports:\n    -\n",
	    "/etc/t.yaml:3: option \"dataplane.ports[0].name\" is missing or empty, and has no default"},
	{"dataplane:\n  ports: [{},{},{},{},{},{},{},{},{}]\n",
	    "/etc/t.yaml:2: option \"dataplane.ports\": too many values, allowed are 8"},
	{"dataplane:\n  ports:\n    - name: wan\n      cores: 1\n",
	    "/etc/t.yaml:3: option \"dataplane.ports[0].device\" is missing or empty, and has no default"},
	{PORT,
	    "/etc/t.yaml:3: option \"dataplane.ports[0].addresses\" is missing or empty, and has no default"},
	{PORT "      addresses: []\n",
	    "/etc/t.yaml:3: option \"dataplane.ports[0].addresses\" is missing or empty, and has no default"},
	{PORT "      addresses: [192.0.2.1@53]\n",
	    "/etc/t.yaml:6: option \"dataplane.ports[0].addresses[0]\": \"192.0.2.1@53\" has a port, allowed are IPv4 and IPv6 addresses that a host can own, without a port"},
	{PORT "      addresses: [192.0.2.1, 0.0.0.0]\n",
	    "/etc/t.yaml:6: option \"dataplane.ports[0].addresses[1]\": \"0.0.0.0\" is the unspecified address, allowed are IPv4 and IPv6 addresses that a host can own, without a port"},
	{PORT "      addresses: [\"::\"]\n",
	    "/etc/t.yaml:6: option \"dataplane.ports[0].addresses[0]\": \"::\" is the unspecified address, allowed are IPv4 and IPv6 addresses that a host can own, without a port"},
	{PORT "      addresses: 127.0.0.1\n",
	    "/etc/t.yaml:6: option \"dataplane.ports[0].addresses\": \"127.0.0.1\" is a loopback address, allowed are IPv4 and IPv6 addresses that a host can own, without a port"},
	{PORT "      addresses: ::1\n",
	    "/etc/t.yaml:6: option \"dataplane.ports[0].addresses\": \"::1\" is a loopback address, allowed are IPv4 and IPv6 addresses that a host can own, without a port"},
	{PORT "      addresses: 239.1.2.3\n",
	    "/etc/t.yaml:6: option \"dataplane.ports[0].addresses\": \"239.1.2.3\" is a multicast address, allowed are IPv4 and IPv6 addresses that a host can own, without a port"},
	{PORT "      addresses: ff02::1\n",
	    "/etc/t.yaml:6: option \"dataplane.ports[0].addresses\": \"ff02::1\" is a multicast address, allowed are IPv4 and IPv6 addresses that a host can own, without a port"},
	{PORT "      addresses: 255.255.255.255\n",
	    "/etc/t.yaml:6: option \"dataplane.ports[0].addresses\": \"255.255.255.255\" is a reserved address, allowed are IPv4 and IPv6 addresses that a host can own, without a port"},
	{PORT "      addresses: 0.1.2.3\n",
	    "/etc/t.yaml:6: option \"dataplane.ports[0].addresses\": \"0.1.2.3\" is a reserved address, allowed are IPv4 and IPv6 addresses that a host can own, without a port"},
	{PORT "      addresses: [[192.0.2.1]]\n",
	    "/etc/t.yaml:6: option \"dataplane.ports[0].addresses[0]\": a list is given, allowed is one value"},
	{PORT "      addresses: {a: 192.0.2.1}\n",
	    "/etc/t.yaml:6: option \"dataplane.ports[0].addresses\": a mapping is given, allowed is one value"},
	{PORT "      mtu: 70000\n",
	    "/etc/t.yaml:6: option \"dataplane.ports[0].mtu\": 70000 is out of range, allowed are 1280 to 9000"},
	{PORT "      rx_ring: 1000\n",
	    "/etc/t.yaml:6: option \"dataplane.ports[0].rx_ring\": \"1000\" is not a power of two, allowed are 64 to 32768, powers of two"},
	{PORT "      checksum: hardware\n",
	    "/etc/t.yaml:6: option \"dataplane.ports[0].checksum\": \"hardware\" is not known here, allowed are auto, software or trust"},
	{PORT "      exception: a/b\n",
	    "/etc/t.yaml:6: option \"dataplane.ports[0].exception\": \"a/b\" is not of the right form, allowed are names of interfaces; or off"},
	{PORT "      exception: sixteencharacter\n",
	    "/etc/t.yaml:6: option \"dataplane.ports[0].exception\": a text of 16 octets is too long, allowed are 15"},
	{"dataplane:\n  ports:\n    - name: WAN\n",
	    "/etc/t.yaml:3: option \"dataplane.ports[0].name\": \"WAN\" is not of the right form, allowed are a-z, 0-9 and -"},
	{"dataplane:\n  ports:\n    - device: a b\n",
	    "/etc/t.yaml:3: option \"dataplane.ports[0].device\": \"a b\" is not of the right form, allowed are PCI addresses and virtual devices without spaces"},
	{"dataplane:\n  ports:\n    - cores: [1, x]\n",
	    "/etc/t.yaml:3: option \"dataplane.ports[0].cores[1]\": \"x\" is not a whole number or range, allowed are 0 to 1023 and ranges as 2-5"},
	{"dataplane:\n  ports:\n    - cores: [2-x]\n",
	    "/etc/t.yaml:3: option \"dataplane.ports[0].cores[0]\": \"2-x\" is not a whole number or range, allowed are 0 to 1023 and ranges as 2-5"},
	{"dataplane:\n  ports:\n    - cores: [5-2]\n",
	    "/etc/t.yaml:3: option \"dataplane.ports[0].cores[0]\": \"5-2\" ends before it starts, allowed are 0 to 1023 and ranges as 2-5"},
	{"dataplane:\n  ports:\n    - cores: [1, 1024]\n",
	    "/etc/t.yaml:3: option \"dataplane.ports[0].cores[1]\": \"1024\" is out of range, allowed are 0 to 1023 and ranges as 2-5"},
	{"dataplane:\n  ports:\n    - cores: 99999999999\n",
	    "/etc/t.yaml:3: option \"dataplane.ports[0].cores\": \"99999999999\" is out of range, allowed are 0 to 1023 and ranges as 2-5"},
	{"dataplane:\n  ports:\n    - cores: [0-64]\n",
	    "/etc/t.yaml:3: option \"dataplane.ports[0].cores[0]\": too many values, allowed are 64"},
	{"dataplane:\n  ports:\n    - cores: [[1]]\n",
	    "/etc/t.yaml:3: option \"dataplane.ports[0].cores[0]\": a list is given, allowed is one value"},
	{"dataplane:\n  file_prefix: a/b\n",
	    "/etc/t.yaml:2: option \"dataplane.file_prefix\": \"a/b\" is not of the right form, allowed are letters, digits, - and _"},
	{"dataplane:\n  eal_options: [a, \"\"]\n",
	    "/etc/t.yaml:2: option \"dataplane.eal_options[1]\": no value is given, give one or leave the line out"},
};
/* clang-format on */

static const struct bad bad_zones[] = {
    {"zones: {name: a, file: b}\n",
	"/etc/t.yaml:1: option \"zones\": allowed is a list: items that start with \"- \""},
    {"zones:\n  - example.com\n",
	"/etc/t.yaml:2: option \"zones[0]\": allowed is a section: lines \"option: value\""},
    {"zones:\n  - {file: b}\n",
	"/etc/t.yaml:2: option \"zones[0].name\" is missing or empty, and has no default"},
    {"zones:\n  - {name: a}\n",
	"/etc/t.yaml:2: option \"zones[0].file\" is missing or empty, and has no default"},
    {"zones:\n  - {name: a..b, file: b}\n",
	"/etc/t.yaml:2: option \"zones[0].name\": \"a..b\" is no domain name: a label is empty"},
    {"zones:\n  - {name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b, file: b}\n",
	"/etc/t.yaml:2: option \"zones[0].name\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b\" is no domain name: a label is longer than 63 octets"},
    {"zones:\n  - {name: \"a\\\\300\", file: b}\n",
	"/etc/t.yaml:2: option \"zones[0].name\": \"a\\300\" is no domain name: \\DDD is above 255"},
    {"zones:\n  - {name: , file: b}\n",
	"/etc/t.yaml:2: option \"zones[0].name\": no value is given, give one or leave the line out"},
    {"zones:\n  - {name: a, file: b}\n  - {name: c, file: ../b}\n",
	"/etc/t.yaml:3: option \"zones[1].file\": \"../b\" leaves the zone directory, write an absolute path"},
    {"zones:\n  - {name: a, file: x/..}\n",
	"/etc/t.yaml:2: option \"zones[0].file\": \"x/..\" leaves the zone directory, write an absolute path"},
    {"policies: [{name: a, validity_s: 100, refresh_s: 50, jitter_s: 26}]\n",
	"/etc/t.yaml:1: option \"policies[0].validity_s\": 100 seconds are too few, at least 102 (refresh_s + 2 * jitter_s) are needed"},
    {"policies:\n- {name: a}\n- {name: a}\n",
	"/etc/t.yaml:3: option \"policies[1].name\": \"a\" is already used by \"policies[0].name\" in line 2"},
    {"zones:\n  - {name: a, file: b, dnssec: sign, policy: c}\n",
	"/etc/t.yaml:2: option \"zones[0].policy\": there is no policy \"c\"; section \"policies\" lists them"},
    {"zones:\n  - {name: a, file: b, dnssec: on}\n",
	"/etc/t.yaml:2: option \"zones[0].dnssec\": \"on\" is not known here, allowed are default, verify, warn, off or sign"},
    {"zones:\n  - {name: a, file: b, zone: x}\n",
	"/etc/t.yaml:2: unknown option \"zones[0].zone\", known here are name, file, dnssec, policy, protect, guards and assertions"},
    {"zones:\n  - {name: a, file: b}\n  - {name: c, file: b}\n\n  - {name: A., file: d}\n",
	"/etc/t.yaml:5: zone a. is given twice, first in /etc/t.yaml:2"},
    {"zones_from: /nonexistent/list\n",
	"/etc/t.yaml:1: option \"zones_from\": /nonexistent/list: cannot open: No such file or directory"},
    {"zone_directory: [a]\n",
	"/etc/t.yaml:1: option \"zone_directory\": a list is given, allowed is one value"},
};

static const struct bad bad_together[] = {
    {PORT
	"      addresses: [192.0.2.1]\n    - {name: wan, device: net_null1, cores: 2, addresses: 192.0.2.2}\n",
	"/etc/t.yaml:7: option \"dataplane.ports[1].name\": \"wan\" is already used by \"dataplane.ports[0].name\" in line 3"},
    {PORT
	"      addresses: [192.0.2.1]\n    - {name: b, device: net_null0, cores: 2, addresses: 192.0.2.2}\n",
	"/etc/t.yaml:7: option \"dataplane.ports[1].device\": \"net_null0\" is already used by \"dataplane.ports[0].device\" in line 4"},
    {PORT
	"      addresses: [192.0.2.1]\n    - name: b\n      device: net_null1\n      cores: [2, 1]\n      addresses: 192.0.2.2\n",
	"/etc/t.yaml:9: option \"dataplane.ports[1].cores\": a CPU polls one port only, and 1 is already used by \"dataplane.ports[0].cores\" in line 5"},
    {PORT
	"      addresses: [192.0.2.1]\n      exception: x\n    - {name: b, device: net_null1, cores: 2, addresses: 192.0.2.2, exception: x}\n",
	"/etc/t.yaml:8: option \"dataplane.ports[1].exception\": \"x\" is already used by \"dataplane.ports[0].exception\" in line 7"},
    {PORT "      addresses: [192.0.2.1, 2001:db8::1, 2001:DB8:0::1]\n",
	"/etc/t.yaml:6: option \"dataplane.ports[0].addresses[2]\": 2001:db8::1 is there twice"},
    {"dataplane:\n  ports:\n    - {name: a, device: b, cores: [1, 2, 1], addresses: 192.0.2.1}\n",
	"/etc/t.yaml:3: option \"dataplane.ports[0].cores\": CPU 1 is there twice"},
    {"dataplane:\n  ports:\n    - {name: a, device: b, cores: 1-8, addresses: 192.0.2.1}\n",
	"/etc/t.yaml:1: option \"dataplane.mbufs\": 8191 are too few, more than 8192 (cores * rx_ring) are needed by \"dataplane.ports[0]\" in line 3"},
    {"dataplane:\n  mbufs: 262143\n  ports:\n    - {name: a, device: b, cores: 1-40, addresses: 192.0.2.1}\n    - {name: c, device: d, cores: 41-65, addresses: 192.0.2.1}\n",
	"/etc/t.yaml:3: option \"dataplane.ports\": 65 CPUs in all are too many, allowed are 64"},
    {"sockets:\n  listen:\n    - 127.0.0.1@53\n    - ::1\n    - 127.0.0.1\n",
	"/etc/t.yaml:5: option \"sockets.listen[2]\": 127.0.0.1@53 is taken by \"sockets.listen[0]\" in line 3"},
    {"sockets:\n  listen: [127.0.0.1@5300, 0.0.0.0@5300]\n",
	"/etc/t.yaml:2: option \"sockets.listen[1]\": 0.0.0.0@5300 is taken by \"sockets.listen[0]\" in line 2"},
    {"sockets:\n  listen: [\"::@5300\", \"::1@5300\"]\n",
	"/etc/t.yaml:2: option \"sockets.listen[1]\": ::1@5300 is taken by \"sockets.listen[0]\" in line 2"},
    {"sockets:\n  listen: 127.0.0.1@9153\n",
	"/etc/t.yaml:1: option \"control.metrics\": 127.0.0.1@9153 is taken by \"sockets.listen[0]\" in line 2"},
    {"sockets:\n  listen: [127.0.0.1@80]\ncontrol:\n  metrics: 127.0.0.1@80\n",
	"/etc/t.yaml:4: option \"control.metrics\": 127.0.0.1@80 is taken by \"sockets.listen[0]\" in line 2"},
};

static void
expect(const struct bad *bad, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct config *c = NULL;
		struct err err = {0};
		int rc = config_parse(
		    &c, "/etc/t.yaml", bad[i].text, strlen(bad[i].text), &err);

		ck_assert_msg(
		    rc < 0, "row %zu is accepted: %s", i, bad[i].text);
		ck_assert_int_eq(rc, err.code);
		ck_assert_str_eq(err.text, bad[i].message);
		ck_assert_ptr_null(c);
	}
}

#define EXPECT(table) expect(table, sizeof table / sizeof table[0])

START_TEST(syntax_is_refused_with_its_line)
{
	EXPECT(bad_syntax);
}
END_TEST

START_TEST(options_are_refused_with_what_is_allowed)
{
	EXPECT(bad_options);
}
END_TEST

START_TEST(zones_are_refused)
{
	EXPECT(bad_zones);
}
END_TEST

START_TEST(what_does_not_go_together_is_refused)
{
	EXPECT(bad_together);
}
END_TEST

/* Without a struct err, and at every length that a text may be cut to. */
START_TEST(cut_texts_do_no_harm)
{
	static const char text[] =
	    PORT "      addresses: [192.0.2.1, \"2001:db8::1\"]\n"
		 "zones:\n  - {name: a, file: b}\n";
	struct config *c;

	for (size_t n = 0; n <= sizeof text - 1; n++)
		if (config_parse(&c, "t.yaml", text, n, NULL) == 0)
			config_free(&c);
	ck_assert_int_eq(
	    config_parse(&c, "t.yaml", text, sizeof text - 1, NULL), 0);
	config_free(&c);
	config_free(&c);
}
END_TEST

UNIT_MAIN("config_bad", syntax_is_refused_with_its_line,
    options_are_refused_with_what_is_allowed, zones_are_refused,
    what_does_not_go_together_is_refused, cut_texts_do_no_harm)
