# Holdfast. `make help` lists the targets; `make V=1` shows the commands.
#
# Sources are found by folder: a new .c file in a folder needs no line here.
# Each folder is a static library; *_main.c files are programs.

PROFILE   ?= release
BUILD_DIR ?= build
# One spelling of a folder: the .d files know headers' users by theirs.
override BUILD_DIR := $(patsubst $(CURDIR)/%,%,$(BUILD_DIR))
SHARED    ?= ../shared
PREFIX    ?= /usr/local
B         := $(BUILD_DIR)/$(PROFILE)
.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n'
endif

# --- compilers and flags -----------------------------------------------------
# x86-64-v3 (AVX2, BMI2): every server that DPDK is deployed on. The programs
# check the processor at start (base/cpu.h).
WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wvla -Wwrite-strings -Wundef \
	-Wformat=2 -Wimplicit-fallthrough
BASE_CFLAGS := -std=gnu17 -march=x86-64-v3 -g -pthread -D_GNU_SOURCE -I. $(WARN) \
	-fno-strict-aliasing -fstack-protector-strong

# Debian's packages have the version in the name.
find_tool = $(firstword $(shell command -v $(1)-14 $(1)) $(1))
CLANG = $(call find_tool,clang)

ifeq ($(PROFILE),release)
CC := gcc
OPT := -O2 -DNDEBUG
else ifeq ($(PROFILE),perf)
CC := gcc
OPT := -O2 -DNDEBUG -DHOLDFAST_STAGES
else ifeq ($(PROFILE),debug)
CC := gcc
# At -O1 gcc takes for uninitialized what it knows better at -O2.
OPT := -O1 -DHOLDFAST_FAULTS -Wno-maybe-uninitialized
else ifeq ($(PROFILE),asan)
CC := gcc
OPT := -O1 -fno-omit-frame-pointer -DHOLDFAST_FAULTS \
	-fsanitize=address,undefined -fno-sanitize-recover=all
else ifeq ($(PROFILE),tsan)
CC := gcc
OPT := -O1 -fsanitize=thread
else ifeq ($(PROFILE),fuzz)
CC := $(CLANG)
OPT := -O1 -fno-omit-frame-pointer -DHOLDFAST_FUZZ \
	-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
else ifeq ($(PROFILE),coverage)
CC := $(CLANG)
OPT := -O1 -DHOLDFAST_FUZZ -fprofile-instr-generate -fcoverage-mapping
else
$(error PROFILE is release, perf, debug, asan, tsan, fuzz or coverage)
endif
CFLAGS := $(BASE_CFLAGS) $(OPT) $(EXTRA_CFLAGS)
LDFLAGS := $(OPT) -pthread -Wl,--as-needed $(EXTRA_LDFLAGS)

PKG := pkg-config
DPDK_CFLAGS = $(patsubst -I%,-isystem %,$(filter-out -march=%,$(shell $(PKG) --cflags libdpdk)))
# The Debian package ships shared libraries; drivers are plugins that EAL loads.
DPDK_LIBS = $(shell $(PKG) --libs libdpdk)

# --- folders -> libraries ----------------------------------------------------
FOLDERS := base sandbox snapshot dataplane/answer dataplane/guard config dataplane/limit dataplane/poll dataplane/sockets \
	control tools tools/load
# The load generator links DPDK: it is no part of tools.
sources = $(filter-out $(if $(filter tools,$(1)),tools/load/%), \
	$(sort $(shell find $(1) -name '*.c' 2>/dev/null)))
lib_sources = $(filter-out %_main.c,$(call sources,$(1)))
main_sources := $(filter %_main.c,$(foreach f,$(FOLDERS),$(call sources,$(f))))
objects = $(patsubst %.c,$(B)/%.o,$(1))

LIB_base     := $(B)/libbase.a
LIB_sandbox  := $(B)/libsandbox.a
LIB_snapshot := $(B)/libsnapshot.a
LIB_answer   := $(B)/libanswer.a
LIB_guard    := $(B)/libguard.a
LIB_config   := $(B)/libconfig.a
LIB_limit    := $(B)/liblimit.a
LIB_poll     := $(B)/libpoll.a
LIB_sockets  := $(B)/libsockets.a
LIB_control  := $(B)/libcontrol.a
LIB_tools    := $(B)/libtools.a
LIB_load     := $(B)/libload.a

define library
$$(LIB_$(1)): $$(call objects,$$(call lib_sources,$(2)))
endef
$(eval $(call library,base,base))
$(eval $(call library,sandbox,sandbox))
$(eval $(call library,snapshot,snapshot))
$(eval $(call library,answer,dataplane/answer))
$(eval $(call library,guard,dataplane/guard))
$(eval $(call library,config,config))
$(eval $(call library,limit,dataplane/limit))
$(eval $(call library,poll,dataplane/poll))
$(eval $(call library,sockets,dataplane/sockets))
$(eval $(call library,control,control))
$(eval $(call library,tools,tools))
$(eval $(call library,load,tools/load))

$(B)/lib%.a $(B)/tests/lib%.a:
	$(say) AR $@
	$(Q)mkdir -p $(@D); rm -f $@; ar rcs $@ $(filter %.o,$^)

# What each folder's code may link with; `make lint` checks its includes.
LINK_data    := $(LIB_guard) $(LIB_answer) $(LIB_snapshot) $(LIB_sandbox)
LIBS_control := -lldns -ljansson -lmicrohttpd -lev -lseccomp
# Sanitizers bring an allocator of their own.
ifneq ($(filter release perf debug,$(PROFILE)),)
LIBS_control += -Wl,--no-as-needed -ljemalloc -Wl,--as-needed
endif
LIBS_load     = $(LIBS_control) -lpcap
LIBS_base    := -lyaml -lcrypto -lseccomp -lm

$(B)/dataplane/poll/%.o: EXTRA_CFLAGS_FILE = $(DPDK_CFLAGS) -Wno-undef
$(B)/tools/load/%.o: EXTRA_CFLAGS_FILE = $(DPDK_CFLAGS) -Wno-undef
$(B)/tests/unit/test_poll%.o: EXTRA_CFLAGS_FILE = $(DPDK_CFLAGS) -Wno-undef
$(B)/tests/fuzz/fuzz_frame.o $(B)/tests/fuzz/fuzz_dataplane_command.o: EXTRA_CFLAGS_FILE = $(DPDK_CFLAGS) -Wno-undef

# Must run on any x86-64, to say that the rest cannot (the last -march wins).
$(B)/base/cpu.o: EXTRA_CFLAGS_FILE = -march=x86-64

# --- programs ------------------------------------------------------------------
BIN_dataplane := $(B)/holdfast-dataplane
BIN_sockets   := $(B)/holdfast-sockets
BIN_control   := $(B)/holdfastd
BIN_tool      := $(B)/holdfast
BIN_load      := $(B)/holdfast-load
PROGRAMS := $(if $(wildcard dataplane/poll/poll_main.c),$(BIN_dataplane)) \
	$(if $(wildcard dataplane/sockets/sockets_main.c),$(BIN_sockets)) \
	$(if $(wildcard control/holdfastd_main.c),$(BIN_control)) \
	$(if $(wildcard tools/holdfast_main.c),$(BIN_tool)) \
	$(if $(wildcard tools/load/load_main.c),$(BIN_load))

link = $(Q)mkdir -p $(@D); $(CC) $(LDFLAGS) -o $@ $(filter %.o %.a,$^)
$(BIN_dataplane): $(B)/dataplane/poll/poll_main.o $(LIB_poll) $(LIB_limit) $(LINK_data) $(LIB_config) $(LIB_base)
	$(say) LINK $@
	$(link) $(DPDK_LIBS) $(LIBS_base)
$(BIN_sockets): $(B)/dataplane/sockets/sockets_main.o $(LIB_sockets) $(LIB_limit) $(LINK_data) $(LIB_config) $(LIB_base)
	$(say) LINK $@
	$(link) -lev $(LIBS_base)
$(BIN_control): $(B)/control/holdfastd_main.o $(LIB_control) $(LINK_data) $(LIB_config) $(LIB_base)
	$(say) LINK $@
	$(link) $(LIBS_control) $(LIBS_base)
$(BIN_tool): $(B)/tools/holdfast_main.o $(LIB_tools) $(LIB_limit) $(LIB_control) $(LINK_data) $(LIB_config) $(LIB_base)
	$(say) LINK $@
	$(link) $(LIBS_control) $(LIBS_base)
$(BIN_load): $(B)/tools/load/load_main.o $(LIB_load) $(LIB_control) $(LINK_data) $(LIB_config) $(LIB_base)
	$(say) LINK $@
	$(link) $(DPDK_LIBS) $(LIBS_load) $(LIBS_base)

.PHONY: all
all: $(PROGRAMS) ## the programs, in build/PROFILE/

# --- objects ---------------------------------------------------------------------
FLAGS_STAMP := $(B)/flags
$(FLAGS_STAMP): FORCE
	@mkdir -p $(@D); echo '$(CC) $(CFLAGS)' | cmp -s - $@ || echo '$(CC) $(CFLAGS)' > $@
.PHONY: FORCE
FORCE:

$(B)/%.o: %.c $(FLAGS_STAMP)
	$(say) CC $<
	$(Q)mkdir -p $(@D); $(CC) $(CFLAGS) $(EXTRA_CFLAGS_FILE) -MMD -MP -c -o $@ $<
-include $(shell find $(B) -name '*.d' 2>/dev/null)

# --- set-up ------------------------------------------------------------------------
# What pkg-config says is looked up when make reads this file: a target that
# installs packages goes on in a new make.
.PHONY: setup
setup: ## install the Debian packages that are missing (root)
	$(Q)tests/setup/install.sh build test demo

.PHONY: demo
demo: ## the whole system on this machine, in two namespaces [KEEP=1]
	$(Q)tests/setup/install.sh build demo
	$(Q)tools/demo/demo.sh --check
	$(Q)+$(MAKE) --no-print-directory $(jobs) all
	$(Q)HOLDFAST_BUILD='$(abspath $(B))' KEEP='$(KEEP)' tools/demo/demo.sh

# --- tests -----------------------------------------------------------------------
# Everything but DPDK, whole: the linker takes what a test uses.
LIBS_plain := $(LIB_sockets) $(LIB_tools) $(LIB_limit) $(LIB_control) $(LINK_data) $(LIB_config) $(LIB_base)
LIBS_dpdk  := $(LIB_poll) $(LIB_limit) $(LINK_data) $(LIB_config) $(LIB_base)
LIBS_check := $(shell $(PKG) --libs check 2>/dev/null)

UNIT_SOURCES := $(sort $(wildcard tests/unit/test_*.c))
UNIT_POLL    := $(patsubst tests/unit/%.c,$(B)/tests/%,$(filter tests/unit/test_poll%,$(UNIT_SOURCES)))
# tests/unit/test_NAME*.c mirror tools/load/NAME.c
UNIT_LOAD    := $(patsubst tests/unit/%.c,$(B)/tests/%,$(filter $(patsubst tools/load/%.c,tests/unit/test_%%.c,$(call sources,tools/load)),$(UNIT_SOURCES)))
UNIT_PLAIN   := $(filter-out $(UNIT_LOAD),$(patsubst tests/unit/%.c,$(B)/tests/%,$(filter-out tests/unit/test_poll%,$(UNIT_SOURCES))))
# Code that tests share, as libraries: a test links what it uses of it.
LIB_unit     := $(B)/tests/libunit.a
$(LIB_unit): $(call objects,$(filter-out $(UNIT_SOURCES),$(sort $(wildcard tests/unit/*.c tests/rig/*.c))))
LIB_rig      := $(B)/tests/librig.a
$(LIB_rig): $(call objects,$(sort $(wildcard tests/rig/*.c)))

$(UNIT_PLAIN): $(B)/tests/%: $(B)/tests/unit/%.o $(LIB_unit) $(LIBS_plain)
	$(say) LINK $@
	$(link) $(LIBS_check) $(LIBS_control) $(LIBS_base)
$(UNIT_POLL): $(B)/tests/%: $(B)/tests/unit/%.o $(LIB_unit) $(LIB_poll) $(LIBS_plain)
	$(say) LINK $@
	$(link) $(LIBS_check) $(DPDK_LIBS) -lrte_net_ring $(LIBS_control) $(LIBS_base)

$(UNIT_LOAD): $(B)/tests/%: $(B)/tests/unit/%.o $(LIB_unit) $(LIB_load) $(LIBS_plain)
	$(say) LINK $@
	$(link) $(LIBS_check) $(DPDK_LIBS) -lrte_net_ring $(LIBS_load) $(LIBS_base)
$(UNIT_LOAD:$(B)/tests/%=$(B)/tests/unit/%.o): EXTRA_CFLAGS_FILE = $(DPDK_CFLAGS) -Wno-undef

# Programs that system tests need: tests/system/NAME.c -> build/PROFILE/system/NAME
SYSTEM_PROGRAMS := $(patsubst tests/%.c,$(B)/%,$(sort $(wildcard tests/system/*.c)))
$(SYSTEM_PROGRAMS): $(B)/system/%: $(B)/tests/system/%.o $(LIB_rig) $(LIBS_plain)
	$(say) LINK $@
	$(link) $(LIBS_control) $(LIBS_base)

# Fuzz targets, with libFuzzer (PROFILE=fuzz) and as replays of their corpus.
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_HELP  := $(B)/tests/libfuzz.a
$(FUZZ_HELP): $(call objects,$(filter-out tests/fuzz/fuzz_%.c %_main.c,$(sort $(wildcard tests/fuzz/*.c tests/rig/*.c))))
FUZZ_REPLAYS := $(FUZZ_NAMES:%=$(B)/fuzz-replay/%)
define fuzz_target
$(B)/fuzz/$(1): $(B)/tests/fuzz/fuzz_$(1).o $(FUZZ_HELP) $(2)
	$$(say) LINK $$@
	$$(link) -fsanitize=fuzzer $(3) $$(LIBS_base)
$(B)/fuzz-replay/$(1): $(B)/tests/fuzz/fuzz_$(1).o $(B)/tests/fuzz/replay_main.o $(FUZZ_HELP) $(2)
	$$(say) LINK $$@
	$$(link) $(3) $$(LIBS_base)
endef
FUZZ_POLL := $(filter frame% dataplane%,$(FUZZ_NAMES))
$(foreach n,$(FUZZ_POLL),$(eval $(call fuzz_target,$(n),$(LIBS_dpdk),$$(DPDK_LIBS))))
FUZZ_LOAD := $(filter fingerprint query_list capture load%,$(FUZZ_NAMES))
$(foreach n,$(FUZZ_LOAD),$(eval $(call fuzz_target,$(n),$(LIB_load) $(LIBS_plain),$$(DPDK_LIBS) $$(LIBS_load))))
$(foreach n,$(filter-out $(FUZZ_POLL) $(FUZZ_LOAD),$(FUZZ_NAMES)),$(eval $(call fuzz_target,$(n),$(LIBS_plain),$$(LIBS_control))))

.PHONY: unit-programs system-programs replay-programs test-programs
unit-programs: $(UNIT_PLAIN) $(UNIT_POLL) $(UNIT_LOAD)
system-programs: $(PROGRAMS) $(SYSTEM_PROGRAMS)
replay-programs: $(FUZZ_REPLAYS)
test-programs: unit-programs system-programs \
	$(if $(filter asan,$(PROFILE)),replay-programs)

# Tests run in these profiles; PROFILE=... on the command line leaves one.
TEST_PROFILES ?= $(if $(filter file,$(origin PROFILE)),release asan,$(PROFILE))
TEST_RUN = tests/run.py --build-dir '$(BUILD_DIR)' --profiles '$(TEST_PROFILES)' \
	--shared '$(SHARED)' $(if $(filter file,$(origin SHARED)),,--shared-given) \
	$(if $(ONLY),--only '$(ONLY)')
jobs = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
# in-PROFILE-TARGET: the target made in that profile
in_profiles = $(foreach p,$(1),in-$(p)-$(2))
TEST_STEPS := $(foreach t,unit-programs system-programs test-programs,$(call in_profiles,$(TEST_PROFILES),$(t))) \
	in-asan-replay-programs
.PHONY: $(TEST_STEPS)
$(sort $(TEST_STEPS)):
	$(Q)+$(MAKE) --no-print-directory PROFILE=$(word 2,$(subst -, ,$@)) \
		$(subst $() ,-,$(wordlist 3,9,$(subst -, ,$@)))

.PHONY: test test-built unit system differential fuzz-replay model lint
test: ## every test, after installing and building what is missing
	$(Q)tests/setup/install.sh build test
	$(Q)+$(MAKE) --no-print-directory $(jobs) test-built
	$(Q)$(TEST_RUN) unit system differential fuzz-replay model lint
test-built: $(call in_profiles,$(TEST_PROFILES),test-programs) \
	$(if $(filter asan,$(TEST_PROFILES)),,in-asan-replay-programs)
unit: $(call in_profiles,$(TEST_PROFILES),unit-programs) ## unit tests (of one PROFILE if given; ONLY=pattern of names)
	$(Q)$(TEST_RUN) unit
system: $(call in_profiles,$(TEST_PROFILES),system-programs) ## whole programs in namespaces
	$(Q)$(TEST_RUN) system
differential: $(call in_profiles,$(TEST_PROFILES),system-programs) ## answers compared with those of NSD and Knot
	$(Q)$(TEST_RUN) differential
fuzz-replay: in-asan-replay-programs ## every fuzz target over its corpus
	$(Q)$(TEST_RUN) fuzz-replay
model: ## the publish protocol, every state of it (spin)
	$(Q)tests/setup/install.sh test
	$(Q)$(TEST_RUN) model
.PHONY: drill
drill: ## the accidents that Holdfast is made against, all of them [DRILL_ARGS=...]
	$(Q)tests/setup/install.sh build demo
	$(Q)+$(MAKE) --no-print-directory $(jobs) PROFILE=debug all
	$(Q)$(BUILD_DIR)/debug/holdfast drill $(DRILL_ARGS)
.PHONY: containers
containers: ## the image and its lab, built and run without Docker (root)
	$(Q)tests/setup/install.sh containers
	$(Q)$(TEST_RUN) --profiles release --only 'test_container*' system
lint: ## headers, includes, names, formatting, shell scripts
	$(Q)$(TEST_RUN) lint

# --- fuzzing by hand ----------------------------------------------------------------
# New inputs go to build/fuzz-corpus; `make fuzz-merge` keeps of all what adds
# coverage, in tests/fuzz/corpus.
SECONDS ?= 600
FUZZ_CORPUS = tests/fuzz/corpus/$(FUZZ)
FUZZ_NEW    = $(BUILD_DIR)/fuzz-corpus/$(FUZZ)
FUZZ_RUN    = $(BUILD_DIR)/fuzz/fuzz/$(FUZZ)
FUZZ_DICT   = $(wildcard tests/fuzz/$(FUZZ).dict)
fuzz_named  = $(if $(filter $(FUZZ),$(FUZZ_NAMES)),,$(error FUZZ=NAME is one of: $(FUZZ_NAMES)))
.PHONY: fuzz fuzz-merge fuzz-coverage
fuzz: ## libFuzzer on one target: FUZZ=NAME [SECONDS=600] [FUZZ_ARGS=...]
	$(Q)$(fuzz_named)tests/setup/install.sh build fuzz
	$(Q)+$(MAKE) --no-print-directory PROFILE=fuzz $(BUILD_DIR)/fuzz/fuzz/$(FUZZ)
	$(Q)mkdir -p $(FUZZ_NEW) $(FUZZ_CORPUS) $(BUILD_DIR)/fuzz-findings
	$(Q)$(FUZZ_RUN) -max_total_time=$(SECONDS) -timeout=10 -print_final_stats=1 \
		-artifact_prefix=$(BUILD_DIR)/fuzz-findings/$(FUZZ)- \
		$(FUZZ_DICT:%=-dict=%) $(FUZZ_ARGS) $(FUZZ_NEW) $(FUZZ_CORPUS)
fuzz-merge: ## add what FUZZ=NAME found to its corpus
	$(Q)$(fuzz_named)mkdir -p $(FUZZ_NEW) $(FUZZ_CORPUS)
	$(Q)+$(MAKE) --no-print-directory PROFILE=fuzz $(BUILD_DIR)/fuzz/fuzz/$(FUZZ)
	$(Q)$(FUZZ_RUN) -merge=1 $(FUZZ_CORPUS) $(FUZZ_NEW)
COVERAGE = $(BUILD_DIR)/coverage/$(FUZZ)
fuzz-coverage: ## lines that the corpus of FUZZ=NAME reaches, by file [FILES=...]
	$(Q)$(fuzz_named)tests/setup/install.sh build fuzz
	$(Q)+$(MAKE) --no-print-directory PROFILE=coverage $(BUILD_DIR)/coverage/fuzz-replay/$(FUZZ)
	$(Q)LLVM_PROFILE_FILE=$(COVERAGE).profraw \
		$(BUILD_DIR)/coverage/fuzz-replay/$(FUZZ) $(FUZZ_CORPUS) >/dev/null
	$(Q)$(call find_tool,llvm-profdata) merge -o $(COVERAGE).profdata $(COVERAGE).profraw
	$(Q)$(call find_tool,llvm-cov) report $(BUILD_DIR)/coverage/fuzz-replay/$(FUZZ) \
		-instr-profile=$(COVERAGE).profdata -ignore-filename-regex='tests/' \
		-show-region-summary=false -show-branch-summary=false $(FILES)

# --- benchmarks ----------------------------------------------------------------------
BENCH_SOURCES := $(sort $(wildcard tests/bench/bench_*.c))
BENCH_HELP    := $(B)/tests/libbench.a
$(BENCH_HELP): $(call objects,$(filter-out $(BENCH_SOURCES),$(sort $(wildcard tests/bench/*.c tests/rig/*.c))))
BENCHES       := $(patsubst tests/bench/%.c,$(B)/bench/%,$(BENCH_SOURCES))
$(BENCHES): $(B)/bench/%: $(B)/tests/bench/%.o $(BENCH_HELP) $(LIBS_plain)
	$(say) LINK $@
	$(link) $(LIBS_control) $(LIBS_base)

.PHONY: bench bench-engine
bench: $(BENCHES) ## build the benchmarks
bench-engine: ## cycles a query, a JSON line each in build/bench/engine.jsonl [BENCH_ARGS=...]
	$(Q)+$(MAKE) --no-print-directory PROFILE=release $(BUILD_DIR)/release/bench/bench_engine
	$(Q)mkdir -p $(BUILD_DIR)/bench
	$(Q)tests/bench/with_huge_pages.sh 480 $(BUILD_DIR)/release/bench/bench_engine \
		--out $(BUILD_DIR)/bench/engine.jsonl $(BENCH_ARGS)

# The data sets are made once, and kept.
BENCH_DATA ?= $(BUILD_DIR)/bench-data
BENCH_WIRE = tests/bench/with_huge_pages.sh 500 tests/bench/wire.py \
	--data $(BENCH_DATA)
.PHONY: bench-wire perf
bench-wire: ## cycles a packet against testpmd's on the same ports [BENCH_ARGS=...]
	$(Q)tests/setup/install.sh build bench
	$(Q)+$(MAKE) --no-print-directory $(jobs) PROFILE=release all bench
	$(Q)$(BENCH_WIRE) --build $(BUILD_DIR)/release \
		--out $(BUILD_DIR)/bench/wire.jsonl $(BENCH_ARGS)
perf: ## where the cycles of a packet go, by stage [BENCH_ARGS=...]
	$(Q)tests/setup/install.sh build bench
	$(Q)+$(MAKE) --no-print-directory $(jobs) PROFILE=perf all
	$(Q)$(BENCH_WIRE) --build $(BUILD_DIR)/perf --only stages \
		--out $(BUILD_DIR)/bench/stages.jsonl $(BENCH_ARGS)

PEERS_SETS = $(or $(SETS),names-1k names-1m zones-100k)
.PHONY: bench-peers
bench-peers: ## Holdfast beside NSD, Knot, BIND: build/bench/peers.jsonl [SETS=...] [BENCH_ARGS=...]
	$(Q)tests/setup/install.sh build bench
	$(Q)+$(MAKE) --no-print-directory $(jobs) PROFILE=release all
	$(Q)mkdir -p $(BUILD_DIR)/bench
	$(Q)HOLDFAST_BUILD='$(abspath $(BUILD_DIR)/release)' \
		tests/bench/with_huge_pages.sh 512 tests/bench/peers.py \
		--data $(BENCH_DATA) --sets $(PEERS_SETS) \
		--out $(BUILD_DIR)/bench/peers.jsonl $(BENCH_ARGS)

.PHONY: bench-load
bench-load: ## zone files to answers, cold start, memory, edits [SETS=...] [BENCH_ARGS=...]
	$(Q)tests/setup/install.sh build bench
	$(Q)+$(MAKE) --no-print-directory $(jobs) PROFILE=release all
	$(Q)tests/bench/load.py --build $(BUILD_DIR)/release --data $(BENCH_DATA) \
		--out $(BUILD_DIR)/bench/load.jsonl $(if $(SETS),--sets $(SETS)) $(BENCH_ARGS)

# --- installation --------------------------------------------------------------------
UNITDIR ?= $(PREFIX)/lib/systemd/system
DOCDIR  ?= $(PREFIX)/share/doc/holdfast
# Where tools/command_drill.c looks for it.
DRILLDIR := $(PREFIX)/lib/holdfast/drill
.PHONY: install
install: $(PROGRAMS) ## to DESTDIR and PREFIX (/usr/local), with units, example and documents
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin \
		$(DESTDIR)$(DOCDIR) $(DESTDIR)/etc/holdfast
	install -m 755 $(filter-out $(BIN_tool) $(BIN_load),$(PROGRAMS)) $(DESTDIR)$(PREFIX)/sbin
	install -m 755 $(filter $(BIN_tool) $(BIN_load),$(PROGRAMS)) $(DESTDIR)$(PREFIX)/bin
	$(Q)set -e; for unit in $(wildcard config/systemd/*.service); do \
		install -d $(DESTDIR)$(UNITDIR); \
		sed 's|/usr/sbin/|$(PREFIX)/sbin/|g; s|/usr/bin/holdfast|$(PREFIX)/bin/holdfast|g; s|/usr/share/doc/holdfast|$(DOCDIR)|g' \
			$$unit >$(DESTDIR)$(UNITDIR)/$${unit##*/}; \
		chmod 644 $(DESTDIR)$(UNITDIR)/$${unit##*/}; \
	done
	install -d $(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	install -m 644 config/sysusers.d/holdfast.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d
	install -m 644 config/tmpfiles.d/holdfast.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	$(if $(EXAMPLE),install -m 644 $(EXAMPLE) $(DESTDIR)/etc/holdfast/holdfast.yaml.example)
	install -m 644 $(wildcard README.md LICENSE docs/*.md) $(DESTDIR)$(DOCDIR)
	install -d $(DESTDIR)$(DRILLDIR)/signed
	install -m 644 $(wildcard tools/drill/*.py) $(DESTDIR)$(DRILLDIR)
	install -m 644 $(wildcard tools/drill/signed/*.zone) $(DESTDIR)$(DRILLDIR)/signed
EXAMPLE := $(firstword $(wildcard config/holdfast.yaml.example config/holdfast.yaml config/examples/holdfast.yaml))

# --- documentation -------------------------------------------------------------------
$(B)/config-reference: $(B)/config/reference_main.o $(LIB_config) $(LIB_base)
	$(say) LINK $@
	$(link) $(LIBS_base)
.PHONY: docs
docs: $(B)/config-reference ## docs/configuration.md from the schema
	$(Q)mkdir -p docs; $< > docs/configuration.md

# --- the rest ------------------------------------------------------------------------
.PHONY: format clean help lint-flags
format: ## clang-format over every source
	$(Q)git ls-files '*.c' '*.h' | xargs $(call find_tool,clang-format) -i
lint-flags: # for tests/lint/headers.sh: flags of plain and of DPDK code
	@echo '$(BASE_CFLAGS)'; echo '$(DPDK_CFLAGS) -Wno-undef'
clean: ## remove build/
	$(Q)rm -rf $(BUILD_DIR)
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16
