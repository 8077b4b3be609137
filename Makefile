# convrelay: "make help" lists the targets.

B           = build
NGINX       = nginx
NGINX_SRC   = /usr/share/nginx/src
NGINX_CONF  = $(DEBIAN_CONF)
PORT       ?= 8080
JOBS        = 2

CC          = gcc
CLANG       = clang
PROVE       = prove
SAN         =
OPT         = -g -O2
PURE_FLAGS  = -std=gnu11 $(OPT) -W -Wall -Wextra -Wno-unused-parameter -Werror
HARDEN      = -fstack-protector-strong -Wformat -Werror=format-security
LDFLAGS     = -Wl,-z,relro -Wl,-z,now

PREFIX      = /usr/local
BINDIR      = $(PREFIX)/bin
MANDIR      = $(PREFIX)/share/man
COMPLETIONSDIR = $(PREFIX)/share/bash-completion/completions
MODULESDIR  = $(PREFIX)/lib/nginx/modules
CONFDIR     = /etc/nginx

TESTS       = $(sort $(wildcard t/*.t))
FUZZ        = $(patsubst t/fuzz/%.c,%,$(sort $(wildcard t/fuzz/*.c)))
FUZZ_TIME   = 30

MAKEFLAGS  += --no-builtin-rules
SHELL       = /bin/sh

.SUFFIXES:
.DELETE_ON_ERROR:

# make, the shell and nginx's configure read the folder's name in their ways

ODD        := $(shell pwd -P | LC_ALL=C tr -d 'A-Za-z0-9._/@+~\200-\377\n-')

ifneq ($(ODD),)
$(error the build cannot work in "$(CURDIR)" because of $(ODD) in its name)
endif

ifneq ($(words $(CURDIR)),1)
$(error the build cannot work in "$(CURDIR)" because of the blank in its name)
endif


# rooms without nginx: an archive for the unit tests, the fuzzers, the caller

ROOMS       = base ws relay twiml llm tool speech session report shm store seal \
              resp metric tree
INCS        = $(ROOMS:%=-Isrc/%)
PURE_SRCS   = $(sort $(wildcard $(ROOMS:%=src/%/*.c)))
PURE_OBJS   = $(PURE_SRCS:src/%.c=$(B)/obj/%.o)
FUZZ_OBJS   = $(PURE_SRCS:src/%.c=$(B)/fuzz/obj/%.o)
FUZZ_FLAGS  = -std=gnu11 -g -O1 -W -Wall -Wextra -Wno-unused-parameter -Werror \
              -fno-sanitize-recover=undefined
CALLER_SRCS = $(sort $(wildcard src/caller/*.c))
CALLER_OBJS = $(CALLER_SRCS:src/%.c=$(B)/obj/%.o)
UNITS       = $(patsubst t/unit/%.c,%,$(sort $(wildcard t/unit/*.c)))
UNIT_BINS   = $(UNITS:%=$(B)/unit/%)
FUZZ_BINS   = $(FUZZ:%=$(B)/fuzz/%)

LIBS        = -lcjson -lcrypto
CALLER_LIBS = -lcurl -ledit $(LIBS)

V           =
Q           = $(if $(V),,@echo "  $(1)  $(2)" && )
COMPILE     = $(CC) $(PURE_FLAGS) $(SAN) -MMD -MP -MF $(@:%=%.d) -MT $@


# modules, by nginx's own build, from their config files

ADDONS      = $(patsubst %/config,$(CURDIR)/%,$(wildcard src/*/config t/*/config))
ADDON_FILES = $(sort $(wildcard *.c src/*/*.[ch]))
ADDON_ARGS  = $(addprefix --add-dynamic-module=,$(CURDIR) $(ADDONS))
MODULE      = $(B)/ngx_http_convrelay_module.so
MOCK        = $(B)/ngx_http_convrelay_mock_module.so
REDIS       = $(B)/ngx_http_convrelay_redis_module.so
NGX         = $(abspath $(B))/nginx

ifeq ($(wildcard $(NGINX_SRC)/conf_flags),)
DEBIAN_CONF = --with-compat --with-threads --with-http_ssl_module \
              --with-http_v2_module
else
DEBIAN_CONF = "$${NGX_CONF_FLAGS[@]}"
endif


all: module mock redis caller   ## build the modules and the caller

module: $(MODULE)               ## build/ngx_http_convrelay_module.so

mock: module                    ## build/ngx_http_convrelay_mock_module.so

redis: module                   ## build/ngx_http_convrelay_redis_module.so

caller: $(B)/convrelay-call     ## build/convrelay-call, the telephone

deps:                           ## install what a build needs (Debian)
	util/deps build

demo:                           ## install, build, hold a call on loopback
	util/deps build
	+$(MAKE) --no-print-directory all
	B=$(abspath $(B)) util/demo

serve:                          ## run nginx, PORT=8080 CONF=my.conf MOCK=...
	util/deps build
	+$(MAKE) --no-print-directory all
	B=$(abspath $(B)) PORT=$(PORT) util/demo serve

test:                           ## install what is missing, run all tests
	util/deps test
	+TEST_NGINX_ALL=1 $(MAKE) --no-print-directory check

check: style all units bench-build ## all tests, with nothing installed
	$(PROVE) -j $(JOBS) $(UNIT_BINS) $(TESTS)

unit: units                     ## unit tests of the code without nginx
	$(PROVE) $(UNIT_BINS)

units: $(UNIT_BINS)

prove: all                      ## the Test::Nginx files, or TESTS="t/a.t"
	$(PROVE) -j $(JOBS) $(TESTS)

style:                          ## check formatting, names and English
	.ci/style

strings:                        ## list all messages that people can meet
	.ci/strings


$(MODULE) $(MOCK) $(REDIS): $(B)/.modules ;

# nginx's makefile knows what depends on what, so it is always asked

$(B)/.modules: $(NGX)/Makefile FORCE
	+@$(MAKE) -s --no-print-directory -C $(B)/nginx-src -f $< modules
	@for so in $(NGX)/*.so; do \
	    cmp -s $$so $(B)/$${so##*/} || { \
	        cp $$so $(B)/.so && mv $(B)/.so $(B)/$${so##*/} \
	        && echo "  so  $(B)/$${so##*/}"; \
	    } || exit 1; \
	done
	@test -e $@ || touch $@

$(NGX)/Makefile: $(wildcard config src/*/config t/*/config) \
                 $(B)/.nginx-inputs
	@rm -rf $(B)/nginx-src $(NGX) && mkdir -p $(B)/nginx-src $(NGX)
	@for f in auto src configure conf; do \
	    [ ! -e $(NGINX_SRC)/$$f ] || ln -s $(NGINX_SRC)/$$f $(B)/nginx-src; \
	done
	$(call Q,--,configure for $(NGINX_SRC))cd $(B)/nginx-src \
	 && { [ ! -f $(NGINX_SRC)/conf_flags ] || . $(NGINX_SRC)/conf_flags; } \
	 && ./configure $(NGINX_CONF) --builddir=$(NGX) --with-cc="$(CC)" \
	        --with-cc-opt="$(OPT) $(HARDEN) $(SAN)" \
	        --with-ld-opt="$(LDFLAGS) $(SAN)" $(ADDON_ARGS) \
	        > $(NGX)/configure.log \
	    || { tail -n 15 $(NGX)/configure.log >&2; rm -f $@; exit 1; }

$(NGX)/Makefile: SHELL = /bin/bash

# what the makefile above was made from; touched only by a change

$(B)/.nginx-inputs: FORCE
	@test -x $(NGINX_SRC)/configure || { \
	    echo 'no nginx headers in $(NGINX_SRC): install the package' \
	         'nginx-dev, or give NGINX_SRC=<nginx source tree>' >&2; \
	    exit 1; \
	}
	@mkdir -p $(B)
	@printf '%s\n' '$(NGINX_SRC) $(CC) $(OPT) $(HARDEN) $(SAN) $(LDFLAGS)' \
	    '$(NGINX_CONF)' $(ADDON_ARGS) $(ADDON_FILES) > $@.new
	@cksum $(NGINX_SRC)/src/core/nginx.h >> $@.new
	@cmp -s $@ $@.new && rm $@.new || mv $@.new $@


$(B)/convrelay-call: $(CALLER_OBJS) $(B)/libconvrelay.a
	$(call Q,ld,$@)$(CC) $(OPT) $(SAN) $(LDFLAGS) -o $@ $(CALLER_OBJS) \
	    $(B)/libconvrelay.a $(CALLER_LIBS) -lm

$(CALLER_OBJS): $(B)/.have-curl $(B)/.have-edit

$(B)/obj/%.o: src/%.c $(B)/.flags | $(B)/.have-cjson $(B)/.have-ssl
	@mkdir -p $(@D)
	$(call Q,cc,$<)$(COMPILE) $(INCS) -Isrc/caller -c -o $@ $<

$(B)/libconvrelay.a: $(PURE_OBJS) $(B)/.objs
	@rm -f $@
	$(call Q,ar,$@)ar rcs $@ $(PURE_OBJS)

$(B)/.objs $(B)/.flags: FORCE
	@mkdir -p $(B)
	@echo '$(if $(@:%.flags=),$(PURE_OBJS),$(CC) $(PURE_FLAGS) $(SAN))' > $@.new
	@cmp -s $@ $@.new && rm $@.new || mv $@.new $@


# the benchmark's load side, and its floor

BENCH_OBJS  = $(patsubst t/bench/%.c,$(B)/obj/bench/%.o,\
                         $(sort $(wildcard t/bench/bench_*.c)))

bench-build: $(B)/bench/convrelay-bench $(B)/bench/floor

$(B)/bench/convrelay-bench: $(BENCH_OBJS) $(B)/libconvrelay.a
	@mkdir -p $(@D)
	$(call Q,ld,$@)$(CC) $(OPT) $(SAN) -o $@ $(BENCH_OBJS) $(B)/libconvrelay.a \
	    -lssl $(LIBS)

$(B)/bench/floor: t/bench/floor.c $(B)/.flags
	@mkdir -p $(@D)
	$(call Q,cc,$<)$(COMPILE) -o $@ $< -lcrypto

$(B)/obj/bench/%.o: t/bench/%.c $(B)/.flags | $(B)/.have-ssl
	@mkdir -p $(@D)
	$(call Q,cc,$<)$(COMPILE) $(INCS) -c -o $@ $<


# a test may name further files in a comment: "link: src/caller/a.c"

links = $(shell sed -n '1,20s,^[/ ]\* link: *\([^*]*\).*$$,\1,p' $(1))

.SECONDEXPANSION:

$(B)/unit/caller_%: LIBS += -lcurl

$(B)/unit/%: t/unit/%.c $$(call links,t/unit/$$*.c) $(B)/libconvrelay.a
	@mkdir -p $(@D)
	$(call Q,cc,$<)$(COMPILE) $(INCS) -Isrc/caller -It/unit -o $@ \
	    $(filter %.c,$^) $(B)/libconvrelay.a $(LIBS)


# each is a package away

define have
$(B)/.have-$(1):
	@mkdir -p $(B)
	@echo '#include <$(2)>' | $(CC) -E - > /dev/null 2>&1 || { \
	    echo '$(2) not found: install the package $(3)' >&2; \
	    exit 1; \
	}
	@touch $$@
endef

$(eval $(call have,cjson,cjson/cJSON.h,libcjson-dev))
$(eval $(call have,curl,curl/curl.h,libcurl4-openssl-dev))
$(eval $(call have,edit,histedit.h,libedit-dev))
$(eval $(call have,ssl,openssl/hmac.h,libssl-dev))


fuzz: $(FUZZ_BINS)              ## each fuzzer for FUZZ_TIME, or FUZZ="a b"
	@for bin in $(FUZZ_BINS); do \
	    name=$${bin##*/}; \
	    seeds=t/fuzz/corpus/$$name; \
	    [ -d $$seeds ] || seeds=; \
	    mkdir -p $(B)/fuzz/corpus/$$name; \
	    echo "  fuzz  $$name"; \
	    $$bin -max_total_time=$(FUZZ_TIME) -timeout=60 -max_len=8192 \
	        -artifact_prefix=$(B)/fuzz/$$name- \
	        $(B)/fuzz/corpus/$$name $$seeds > $$bin.log 2>&1 || { \
	        tail -n 40 $$bin.log >&2; \
	        exit 1; \
	    }; \
	    grep '^Done' $$bin.log; \
	done

$(B)/fuzz/%: t/fuzz/%.c $(B)/fuzz/libconvrelay.a $(wildcard t/unit/*.h)
	@mkdir -p $(@D)
	$(call Q,cc,$<)$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined \
	    $(INCS) -It/fuzz -It/unit -o $@ $< $(B)/fuzz/libconvrelay.a $(LIBS)

$(B)/fuzz/libconvrelay.a: $(FUZZ_OBJS)
	@rm -f $@
	$(call Q,ar,$@)ar rcs $@ $(FUZZ_OBJS)

$(FUZZ_OBJS): $(B)/fuzz/obj/%.o: src/%.c $(wildcard $(ROOMS:%=src/%/*.h))
	@mkdir -p $(@D)
	$(call Q,cc,$<)$(CLANG) $(FUZZ_FLAGS) \
	    -fsanitize=fuzzer-no-link,address,undefined $(INCS) -c -o $@ $<


# random tests: what is sent depends on the seed alone

TIME        = 60
SEED       := $(shell date +%s)

CHAOS       = CHAOS_TIME=$$(($(TIME) / 2)) CHAOS_SEED=$(SEED) \
              CHAOS_PART="$(PART)" CHAOS_CASE="$(CASE)"

survive: all                    ## kill workers, TIME=seconds CALLS=200
	SURVIVE_TIME=$(TIME) SURVIVE_CALLS=$(CALLS) SURVIVE_SEED=$(SEED) \
	    $(PROVE) -v t/survive.t

soak: CALLS = 1000
soak: all                       ## kill a machine, Redis, nginx: CALLS=1000, root
	util/deps test
	TEST_NGINX_ALL=1 SOAK_CALLS=$(CALLS) SOAK_SEED=$(SEED) \
	    $(PROVE) -v t/two-machines.t

chaos: all                      ## random tests, TIME=seconds; t/chaos.t says more
	util/deps test asan
	$(CHAOS) $(PROVE) -v t/chaos.t
	$(CHAOS) B=$(abspath $(B)) .ci/asan t/chaos.t


CALLS       = 200

tools-load: all                 ## CALLS=200 with tools that fail, at once
	util/deps test asan
	TEST_CALLS=$(CALLS) TEST_SEED=$(SEED) $(PROVE) -v t/tools-load.t
	TEST_CALLS=$(CALLS) TEST_SEED=$(SEED) B=$(abspath $(B)) \
	    .ci/asan t/tools-load.t


manners-load: all               ## CALLS=200 with all manners on, at once
	util/deps test asan
	TEST_CALLS=$(CALLS) TEST_SEED=$(SEED) $(PROVE) -v t/manners-load.t
	TEST_CALLS=$(CALLS) TEST_SEED=$(SEED) B=$(abspath $(B)) \
	    .ci/asan t/manners-load.t


no-memory: all                  ## each allocation fails once, TIME=seconds
	util/deps test asan
	TEST_TIME=$$(($(TIME) / 2)) TEST_SEED=$(SEED) $(PROVE) -v t/no-memory.t
	TEST_TIME=$$(($(TIME) / 2)) TEST_SEED=$(SEED) B=$(abspath $(B)) \
	    .ci/asan t/no-memory.t


# mutants: how much do the tests see?

N           = 20
ROOM        = pure

mutants:                        ## N=20 SEED=1 ROOM=pure: t/mutants/run says more
	util/deps build test fuzz
	N=$(N) SEED=$(SEED) ROOM="$(ROOM)" LINE="$(LINE)" ROOMS="$(ROOMS)" \
	    B=$(abspath $(B)) t/mutants/run


analyze:                        ## gcc's and clang's analyzers, pure rooms
	util/deps build fuzz
	@for file in $(PURE_SRCS); do \
	    echo "  analyze  $$file"; \
	    $(CC) $(PURE_FLAGS) $(INCS) -fanalyzer -c -o /dev/null $$file \
	    && $(CLANG) -std=gnu11 $(INCS) --analyze -Xclang -analyzer-werror \
	        -Xclang -analyzer-output=text -o /dev/null $$file || exit 1; \
	done

coverage:                       ## lines that the unit tests cover
	B=$(abspath $(B)) .ci/coverage

asan:                           ## unit tests and nginx under sanitizers
	B=$(abspath $(B)) .ci/asan

valgrind: all units             ## all tests, or TESTS="t/a.t", under valgrind
	util/deps valgrind
	B=$(abspath $(B)) .ci/valgrind $(if $(filter command,$(origin TESTS)),$(TESTS))

bench:                          ## against a floor and peers, one table
	util/deps build bench
	+$(MAKE) --no-print-directory module bench-build
	BENCH_BUILD=$(abspath $(B)) t/bench/run $(BENCH)

instructions: all               ## a token's, of this and other BUILDS="folder..."
	util/deps valgrind
	t/bench/instructions $(INSTRUCTIONS) $(abspath $(B)) $(BUILDS)

compat:                         ## compile for newer nginx, as Debian has it
	B=$(abspath $(B)) .ci/compat

fresh:                          ## as root: SUITE=bookworm TARGET=test, bare
	B=$(abspath $(B)) .ci/fresh $(or $(SUITE),bookworm) $(TARGET)

operators: all                  ## a real Prometheus, rules and dashboard
	util/deps test
	util/operators

page: all                       ## the pages in Chromium; PICTURES=1
	util/deps test page
	[ -d $(B)/page/node_modules/playwright-core ] \
	|| npm install --no-save --no-audit --no-fund --silent \
	    --prefix $(B)/page playwright-core@1.65.1
	PICTURES=$(PICTURES) t/page/run
	PICTURES=$(PICTURES) t/page/talk

# in a bare system of that suite, of the last commit, where SUITE is given

in_suite    = B=$(abspath $(B)) .ci/fresh $(SUITE) $@

deb:                            ## Debian packages, in build/deb; SUITE=trixie
	$(if $(SUITE),$(in_suite),util/deps deb && B=$(abspath $(B)) util/deb)

deb-test:                       ## as root: the same, installed, SUITE=trixie
	$(if $(SUITE),$(in_suite),util/deps autopkgtest && B=$(abspath $(B)) .ci/deb)

image-test:                     ## build the container image and start it
	B=$(abspath $(B)) .ci/image-test


# the modules that ADDONS names, with the module itself

INSTALL_ENV = B=$(B) DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" \
              BINDIR="$(BINDIR)" MANDIR="$(MANDIR)" \
              MODULESDIR="$(MODULESDIR)" CONFDIR="$(CONFDIR)" \
              COMPLETIONSDIR="$(COMPLETIONSDIR)" \
              MODULES="convrelay $(patsubst %,convrelay_%,$(filter mock redis,\
                                            $(notdir $(ADDONS))))"

install: all                    ## modules, caller, includes; PREFIX=/usr/local
	$(INSTALL_ENV) util/install

uninstall:                      ## remove what "make install" has installed
	$(INSTALL_ENV) util/install --remove

clean:                          ## remove build/
	rm -rf $(B)

help:                           ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) \
	    | expand -t 14

FORCE:

.PHONY: all module mock redis caller deps demo serve test check unit units prove \
        analyze chaos survive soak coverage bench bench-build \
        instructions style strings fuzz \
        asan valgrind mutants no-memory tools-load manners-load \
        compat fresh operators page deb deb-test image-test install \
        uninstall clean help FORCE

-include $(wildcard $(B)/obj/*/*.d $(B)/unit/*.d $(B)/bench/*.d)
