# Holdfast. `make help` lists the targets; `make V=1` shows the commands.
#
# Sources are found by folder: a new .c file in a folder needs no line here.
# Each folder is a static library; *_main.c files are programs.

PROFILE   ?= release
BUILD_DIR ?= build
SHARED    ?= ../shared
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

ifeq ($(PROFILE),release)
CC := gcc
OPT := -O2 -DNDEBUG
else ifeq ($(PROFILE),debug)
CC := gcc
OPT := -O1 -DHOLDFAST_FAULTS
else ifeq ($(PROFILE),asan)
CC := gcc
OPT := -O1 -fno-omit-frame-pointer -DHOLDFAST_FAULTS \
	-fsanitize=address,undefined -fno-sanitize-recover=all
else ifeq ($(PROFILE),tsan)
CC := gcc
OPT := -O1 -fsanitize=thread
else ifeq ($(PROFILE),fuzz)
CC := clang
OPT := -O1 -fno-omit-frame-pointer -DHOLDFAST_FUZZ \
	-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
else ifeq ($(PROFILE),coverage)
CC := clang
OPT := -O1 -DHOLDFAST_FUZZ -fsanitize=fuzzer-no-link \
	-fprofile-instr-generate -fcoverage-mapping
else
$(error PROFILE is release, debug, asan, tsan, fuzz or coverage)
endif
CFLAGS := $(BASE_CFLAGS) $(OPT) $(EXTRA_CFLAGS)
LDFLAGS := $(OPT) -pthread $(EXTRA_LDFLAGS)

PKG := pkg-config
DPDK_CFLAGS = $(filter-out -march=%,$(shell $(PKG) --cflags libdpdk))
# The Debian package ships shared libraries; drivers are plugins that EAL loads.
DPDK_LIBS = $(shell $(PKG) --libs libdpdk)

# --- folders -> libraries ----------------------------------------------------
FOLDERS := base snapshot dataplane/answer config dataplane/poll dataplane/sockets \
	control tools
sources = $(sort $(shell find $(1) -name '*.c' 2>/dev/null))
lib_sources = $(filter-out %_main.c,$(call sources,$(1)))
main_sources := $(filter %_main.c,$(foreach f,$(FOLDERS),$(call sources,$(f))))
objects = $(patsubst %.c,$(B)/%.o,$(1))

LIB_base     := $(B)/libbase.a
LIB_snapshot := $(B)/libsnapshot.a
LIB_answer   := $(B)/libanswer.a
LIB_config   := $(B)/libconfig.a
LIB_poll     := $(B)/libpoll.a
LIB_sockets  := $(B)/libsockets.a
LIB_control  := $(B)/libcontrol.a
LIB_tools    := $(B)/libtools.a

define library
$$(LIB_$(1)): $$(call objects,$$(call lib_sources,$(2)))
endef
$(eval $(call library,base,base))
$(eval $(call library,snapshot,snapshot))
$(eval $(call library,answer,dataplane/answer))
$(eval $(call library,config,config))
$(eval $(call library,poll,dataplane/poll))
$(eval $(call library,sockets,dataplane/sockets))
$(eval $(call library,control,control))
$(eval $(call library,tools,tools))

$(B)/lib%.a:
	$(say) AR $@
	$(Q)mkdir -p $(@D); rm -f $@; ar rcs $@ $(filter %.o,$^)

# What each folder's code may link with; `make lint` checks its includes.
LINK_data    := $(LIB_answer) $(LIB_snapshot)
LIBS_control := -lldns -ljansson -lmicrohttpd -lev -ljemalloc
LIBS_base    := -lyaml -lcrypto -lm

$(B)/dataplane/poll/%.o: EXTRA_CFLAGS_FILE = $(DPDK_CFLAGS) -Wno-undef
$(B)/tools/load/%.o: EXTRA_CFLAGS_FILE = $(DPDK_CFLAGS) -Wno-undef
$(B)/tests/unit/test_poll%.o: EXTRA_CFLAGS_FILE = $(DPDK_CFLAGS) -Wno-undef
$(B)/tests/fuzz/fuzz_frame%.o: EXTRA_CFLAGS_FILE = $(DPDK_CFLAGS) -Wno-undef

# Must run on any x86-64, to say that the rest cannot (the last -march wins).
$(B)/base/cpu.o: EXTRA_CFLAGS_FILE = -march=x86-64

# --- programs ------------------------------------------------------------------
BIN_dataplane := $(B)/holdfast-dataplane
BIN_sockets   := $(B)/holdfast-sockets
BIN_control   := $(B)/holdfastd
BIN_tool      := $(B)/holdfast
PROGRAMS := $(if $(wildcard dataplane/poll/poll_main.c),$(BIN_dataplane)) \
	$(if $(wildcard dataplane/sockets/sockets_main.c),$(BIN_sockets)) \
	$(if $(wildcard control/holdfastd_main.c),$(BIN_control)) \
	$(if $(wildcard tools/holdfast_main.c),$(BIN_tool))

link = $(Q)mkdir -p $(@D); $(CC) $(LDFLAGS) -o $@ $(filter %.o %.a,$^)
$(BIN_dataplane): $(B)/dataplane/poll/poll_main.o $(LIB_poll) $(LINK_data) $(LIB_config) $(LIB_base)
	$(say) LINK $@
	$(link) $(DPDK_LIBS) $(LIBS_base)
$(BIN_sockets): $(B)/dataplane/sockets/sockets_main.o $(LIB_sockets) $(LINK_data) $(LIB_config) $(LIB_base)
	$(say) LINK $@
	$(link) -lev $(LIBS_base)
$(BIN_control): $(B)/control/holdfastd_main.o $(LIB_control) $(LINK_data) $(LIB_config) $(LIB_base)
	$(say) LINK $@
	$(link) $(LIBS_control) $(LIBS_base)
$(BIN_tool): $(B)/tools/holdfast_main.o $(LIB_tools) $(LIB_control) $(LINK_data) $(LIB_config) $(LIB_base)
	$(say) LINK $@
	$(link) $(LIBS_control) $(LIBS_base)

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

# --- tests -----------------------------------------------------------------------
UNIT_SOURCES := $(sort $(wildcard tests/unit/test_*.c))
UNIT_POLL  := $(patsubst tests/unit/%.c,$(B)/tests/%,$(filter tests/unit/test_poll%,$(UNIT_SOURCES)))
UNIT_PLAIN := $(patsubst tests/unit/%.c,$(B)/tests/%,$(filter-out tests/unit/test_poll%,$(UNIT_SOURCES)))
UNIT_HELP  := $(call objects,$(filter-out $(UNIT_SOURCES),$(sort $(wildcard tests/unit/*.c))))
LIBS_check := $(shell $(PKG) --libs check 2>/dev/null)

$(UNIT_PLAIN): $(B)/tests/%: $(B)/tests/unit/%.o $(UNIT_HELP) $(LIB_sockets) $(LIB_tools) $(LIB_control) $(LINK_data) $(LIB_config) $(LIB_base)
	$(say) LINK $@
	$(link) $(LIBS_check) $(LIBS_control) $(LIBS_base)
$(UNIT_POLL): $(B)/tests/%: $(B)/tests/unit/%.o $(LIB_poll) $(LINK_data) $(LIB_config) $(LIB_base)
	$(say) LINK $@
	$(link) $(LIBS_check) $(DPDK_LIBS) $(LIBS_base)

.PHONY: unit
unit: $(UNIT_PLAIN) $(UNIT_POLL) ## unit tests of this PROFILE
	@set -e; for t in $^; do $$t; done

.PHONY: format clean help
format: ## clang-format over every source
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i
clean:
	$(Q)rm -rf $(BUILD_DIR)
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16
