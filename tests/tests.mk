# Tests, checks and reports; part of the Makefile.

PYTHON ?= python3
TESTS  ?=

# --- unit tests: a program a file, linked with what it needs from archives of all modules ---------------
UNIT_SRC  := $(sort $(wildcard tests/unit/test_*.c))
UNIT      := $(UNIT_SRC:tests/unit/%.c=$(O)/test/%)
# name of the archive, its sources
archive    = $(eval $(O)/test/$(1).a: $(call d_objs,$(2)))$(O)/test/$(1).a
UNIT_LIBS := $(call archive,frontend,$(filter-out %/main.c,$(FRONTEND_SRC))) $(call archive,sandbox,$(SANDBOX_SRC)) \
             $(call archive,vet,$(VET_SRC)) $(call archive,policy,$(POLICY_SRC)) $(call archive,common,$(COMMON_SRC) $(GEN_SRC))
# the files that the helpers believe: for unit tests those of the folder they are in (helper/shared/paths.h)
$(O)/d/helper/shared/grant.o: CPPFLAGS += -DSUBUID_FILE='"subuid"' -DSUBGID_FILE='"subgid"' -DNSSWITCH_FILE='"nsswitch.conf"' \
    -DPASSWD_FILE='"passwd"' -DGROUP_FILE='"group"'
$(O)/d/helper/shared/grant.o: tests/tests.mk
# programs with modules of their own
$(filter $(O)/test/test_idmap%,$(UNIT)): $(call archive,idmap,$(filter-out %/main.c,$(IDMAP_SRC)) $(HELPER_SRC))
$(filter $(O)/test/test_gate%,$(UNIT)): $(call archive,gate,$(filter-out %/main.c,$(GATE_SRC)) $(HELPER_SRC))
$(filter $(O)/test/test_rootbuild%,$(UNIT)): $(call archive,rootbuild,$(filter-out %/main.c,$(ROOT_SRC)))
$(filter $(O)/test/test_subid_source%,$(UNIT)): $(call archive,subid_source,$(filter-out %/main.c,$(SUBID_SRC)))
$(filter $(O)/test/test_seccomp_profile,$(UNIT)): $(call archive,profile,$(filter-out %/main.c,$(SECCOMP_SRC)))
$(filter $(O)/test/test_file_form,$(UNIT)): $(call archive,from,$(filter-out %/main.c,$(FROM_SRC)))
$(filter $(O)/test/test_filter,$(UNIT)): $(call archive,filter,$(filter-out %/main.c,$(FILTER_SRC)))
$(filter $(O)/test/test_all_% $(O)/test/test_msg,$(UNIT)): $(call archive,reference,$(sort $(wildcard tests/reference/*.c)))
$(filter $(O)/test/test_rootbuild%,$(UNIT)): UNIT_LDLIBS := -lelf
$(filter $(O)/test/test_seccomp_profile,$(UNIT)): UNIT_LDLIBS := -ljson-c -lseccomp
$(filter $(O)/test/test_file_form,$(UNIT)): UNIT_LDLIBS := $(FROM_LIBS)
$(filter $(O)/test/test_filter,$(UNIT)): UNIT_LDLIBS := -lseccomp
$(filter $(O)/test/test_subid_source%,$(UNIT)): UNIT_LDLIBS := -lsubid
# a kernel that the test plays; what the compiler has made of a call for FORTIFY could not be taken over
WRAP_privilege := prctl setresuid setresgid getresuid getresgid getuid geteuid getgid getegid caps_get caps_set open access fstatfs statvfs readlink
WRAP_start     := prctl setrlimit getrlimit setitimer signal sigprocmask umask fd_fill_std fd_close_range_but \
    target_open target_same_namespace privilege_effective write
WRAP_target    := fstat stat fstatfs ioctl read openat fd_openat2
WRAP_launch    := syscall sandbox_clone_flags sandbox_child admin_borrow admin_raise admin_lower privilege_drop msg_send
WRAP_main      := main start_clean start_limits start_descriptors privilege_reduce privilege_drop mem_arena userdb_read policy_caller_read \
    policy_load policy_enforced grant_decide target_check write_maps log_auth err_print getuid getgid
$(O)/test/test_idmap_main: UNIT_LDLIBS := $(WRAP_main:%=-Wl,--wrap=%)
$(O)/test/test_idmap_main: $(O)/d/helper/idmap/main.o
WRAP_gate_main := main start_clean start_std start_descriptors request_parse request_socket request_read tie_to_parent fd_check_std kept_check \
    fcntl mem_arena privilege_reduce privilege_effective privilege_drop caps_get userdb_read userdb_id_within policy_caller_read policy_load \
    policy_limit sysinfo check_plan vet_words vet_plan grant_self grant_decide count_before launch msg_send log_auth err_print getuid geteuid getgid
$(O)/test/test_gate_main: UNIT_LDLIBS := $(WRAP_gate_main:%=-Wl,--wrap=%)
$(O)/test/test_gate_main: $(O)/d/helper/gate/main.o
$(O)/test/test_gate_launch: UNIT_LDLIBS := $(WRAP_launch:%=-Wl,--wrap=%)
$(O)/test/test_idmap_target: UNIT_LDLIBS := $(WRAP_target:%=-Wl,--wrap=%)
$(O)/test/test_idmap_privilege: UNIT_LDLIBS := $(WRAP_privilege:%=-Wl,--wrap=%)
$(O)/test/test_idmap_start: UNIT_LDLIBS := $(WRAP_start:%=-Wl,--wrap=%)
$(addprefix $(O)/d/helper/,shared/privilege.o shared/start.o idmap/target.o idmap/write.o): CPPFLAGS += -U_FORTIFY_SOURCE

$(O)/test/%.a:
	$(Q)mkdir -p $(@D) && rm -f $@ && $(AR) rcsD $@ $^
$(UNIT): $(O)/test/%: $(O)/d/tests/unit/%.o $(UNIT_LIBS)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(LINKSEC) $(SANFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) \
	    -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(UNIT_LDLIBS) -lcmocka

# --- fuzz targets: each is two programs, replay_NAME of the unit tests and, built by clang, fuzz_NAME -----
FUZZ_SRC  := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_ALL  := $(FUZZ_SRC:tests/fuzz/fuzz_%.c=%)
REPLAY    := $(FUZZ_ALL:%=$(O)/test/replay_%)
FUZZERS   := $(FUZZ_ALL:%=$(O)/test/fuzz_%)
FUZZ_LIBS := $(call archive,fuzz,tests/fuzz/fuzz.c tests/fuzz/mutate_plan.c tests/fuzz/plan_text.c) $(O)/test/reference.a

$(O)/test/replay_gate_check $(O)/test/fuzz_gate_check: $(O)/test/gate.a
$(O)/test/replay_ldcache $(O)/test/fuzz_ldcache $(O)/test/replay_elf $(O)/test/fuzz_elf: $(O)/test/rootbuild.a
$(O)/test/replay_elf $(O)/test/fuzz_elf: UNIT_LDLIBS := -lelf
$(O)/test/replay_member $(O)/test/fuzz_member: $(call archive,import,frontend/import/member.c)
$(O)/test/replay_seccomp_profile $(O)/test/fuzz_seccomp_profile: $(O)/test/profile.a
$(O)/test/replay_layout $(O)/test/fuzz_layout: $(call archive,layout,frontend/import/layout.c frontend/json/json.c)
$(O)/test/replay_layout $(O)/test/fuzz_layout: UNIT_LDLIBS := -ljson-c
$(O)/test/replay_seccomp_profile $(O)/test/fuzz_seccomp_profile: UNIT_LDLIBS := -ljson-c -lseccomp
$(O)/test/replay_from $(O)/test/fuzz_from: $(O)/test/from.a
$(O)/test/replay_from $(O)/test/fuzz_from: UNIT_LDLIBS := $(FROM_LIBS)

$(REPLAY): $(O)/test/replay_%: $(O)/d/tests/fuzz/fuzz_%.o $(O)/d/tests/fuzz/replay.o $(FUZZ_LIBS) $(UNIT_LIBS)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(LINKSEC) $(SANFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) \
	    -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(UNIT_LDLIBS) -lcmocka
$(FUZZERS): $(O)/test/fuzz_%: $(O)/d/tests/fuzz/fuzz_%.o $(FUZZ_LIBS) $(UNIT_LIBS)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(LINKSEC) -fsanitize=fuzzer $(SANFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) \
	    -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(UNIT_LDLIBS)
fuzzers: $(FUZZERS)

unit-tests: $(UNIT) $(REPLAY)

check: unit-tests ## run the unit tests; needs no root
	$(Q)sh tests/run-unit $(O)/test $(UNIT) $(REPLAY)

# --- models --------------------------------------------------------------------------------------------
model: ## check the models of how a start gets its id maps (tests/model), with spin
	$(Q)CC='$(CC)' sh tests/model/run $(O)/model

# --- system tests -----------------------------------------------------------------------------------------
PROBE_SRC := $(sort $(wildcard tests/system/probes/*.c))
PROBES    := $(PROBE_SRC:tests/system/probes/%.c=$(O)/probes/%)
PROBE_CC  := $(if $(filter musl,$(LIBC)),$(STATIC_CC),$(CC))

$(O)/gen/callnames.h: tests/system/probes/callnames.awk
	@mkdir -p $(@D)
	$(Q)printf '#include <sys/syscall.h>\n' | $(CC) -E -dM - | awk -f $< > $@
$(O)/probes/fault: $(O)/gen/callnames.h
$(PROBES): $(O)/probes/%: tests/system/probes/%.c $(O)/flags | $(KERNEL_HEADERS)
	$(call say,PROBE,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(PROBE_CC) -std=gnu11 -D_GNU_SOURCE -I$(O)/gen $(WARN) $(WERROR) -O1 -g -static -o $@ $<
probes: $(PROBES)

RUN_SYSTEM = exec env MAKE='$(MAKE)' $(PYTHON) -B tests/system/run.py
check-system: ## run the system tests, as root; TESTS=PATTERN selects some
	$(Q)$(RUN_SYSTEM) --build $(O)/system $(if $(TESTS),--select '$(TESTS)')

attacks: ## as root: what broke others, tried on croft, with all tests that cover it; ends with the table of docs/ATTACKS.md
	$(Q)$(RUN_SYSTEM) --build $(O)/system --select attacks

# Long ones, of which check-system runs a part; TESTS=PATTERN selects one of them
faults: ## as root: every system call of a start fails, with every error; half an hour
	$(Q)STRIDE=1 $(RUN_SYSTEM) --build $(O)/system --select '$(or $(TESTS),test_faults)'
KILLS ?= 10000
kill-anywhere: ## as root: starts that are killed, stopped and starved at random; KILLS=10000, SEED= of an earlier run
	$(Q)KILLS=$(KILLS) SEED=$(SEED) $(RUN_SYSTEM) --build $(O)/system --select test_kill_anywhere
	$(Q)KILLS=$(KILLS) SEED=$(SEED) $(RUN_SYSTEM) --build $(O)/system --select test_oci.Killed
soak: ## as root: kill-anywhere, then load
	$(Q)$(MAKE) kill-anywhere
	$(Q)$(MAKE) load
load: ## as root: 1000 sandboxes at once, 10000 in a row, 64 starting together
	$(Q)LOAD=full $(RUN_SYSTEM) --build $(O)/system --select '$(or $(TESTS),test_load)'

# --- mutants: does a test notice when the code is wrong? ---------------------------------------------------
# MUTANTS= files, MUTANTS_SAMPLE= how many, SEED= which, MUTANTS_SECONDS= until when, MUTANTS_PATIENCE= of system tests for one;
# MUTANTS_KEEP=1 believes what an earlier run says is killed.
MUTANTS          ?=
MUTANTS_SAMPLE   ?=
MUTANTS_SECONDS  ?=
MUTANTS_PATIENCE ?=
MUTANTS_KEEP     ?=
RUN_MUTANTS       = exec env MAKE='$(MAKE)' $(PYTHON) -B tests/mutants/mutants.py --build $(O)
mutants: unit-tests ## change helper/ and policy/ in small ways and see a test fail each time; system tests as root; MUTANTS=FILE...
	$(Q)$(RUN_MUTANTS) $(if $(filter-out 0,$(shell id -u)),--unit-only) $(MUTANTS_SAMPLE:%=--sample %) $(SEED:%=--seed %) \
	    $(MUTANTS_SECONDS:%=--seconds %) $(MUTANTS_PATIENCE:%=--patience %) $(MUTANTS_KEEP:%=--keep) $(MUTANTS)
mutants-short: unit-tests ## a few of them, with unit tests alone
	$(Q)$(RUN_MUTANTS) --unit-only --sample 16 $(SEED:%=--seed %) $(addprefix policy/,decide.c match.c ids_rule.c refuse.c subordinate.c)

# --- measuring -------------------------------------------------------------------------------------------
$(O)/bench-filter: $(call d_objs,tests/bench/filter.c $(filter-out %/main.c,$(FILTER_SRC)) common/err.c common/text.c)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(LINKSEC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ -lseccomp
bench-filter: $(O)/bench-filter ## what loading the default filter costs, beside libseccomp's
	$(Q)$(O)/bench-filter
ROUNDS ?= 200
BENCH  ?=
OUT    ?= $(O)/bench/results
# in docs the results are for all to read
BENCH_DOCUMENTS = $(if $(filter docs,$(OUT)),--document README.md --document docs/PERFORMANCE.md)
# Not $(MAKE) in the recipe: make -n would run it.
RUN_BENCH = exec env MAKE='$(MAKE)' CC='$(CC)' $(PYTHON) -B tests/bench/bench.py
RUN_VM    = exec env MAKE='$(MAKE)' $(PYTHON) -B tests/vm/check.py
bench: ## as root: what a start costs, beside its floor and other tools; ROUNDS=200, BENCH=start,growth some of it, OUT=docs into docs/
	$(Q)$(RUN_BENCH) --build $(O)/bench --rounds $(ROUNDS) --only '$(BENCH)' --out $(OUT) $(BENCH_DOCUMENTS)
# In a machine of its own: another kernel, systemd, cgroup v2. VM_DIR (default /var/tmp/croft-vm) keeps its image, which is made
# when it is missing; VM_SUITE, VM_APPEND (kernel arguments), VM_SETUP (a shell line) choose another machine.
check-vm: ## run system tests in an emulated Debian, as root; TESTS=PATTERN,PATTERN selects
	$(Q)$(RUN_VM) --build $(O)/vm $(if $(TESTS),--select '$(TESTS)') \
	    $(if $(VM_SETUP),--setup '$(VM_SETUP)') $(if $(VM_DIR),--dir '$(VM_DIR)') $(if $(VM_SUITE),--suite '$(VM_SUITE)') \
	    $(if $(VM_APPEND),--append '$(VM_APPEND)')

# --- checks of the source --------------------------------------------------------------------------------
lint: $(GEN_SRC) $(O)/gen/callnames.h $(KERNEL_HEADERS) ## format, include rules, function length, cppcheck, clang-tidy, man pages, scripts
	$(Q)CC='$(CC)' GEN='$(O)/gen' sh tests/lint/run $(O)/lint
	$(Q)GEN='$(O)/gen' sh tests/lint/analyse $(O)/lint privileged

analyse: $(GEN_SRC) $(O)/gen/callnames.h $(KERNEL_HEADERS) ## the analysers of gcc and clang over every program (sh tools/install-packages analyse); lint has a part
	$(Q)GEN='$(O)/gen' sh tests/lint/analyse $(O)/analyse all
valgrind: ## unit tests under valgrind (sh tools/install-packages analyse) and, as root, croft-idmap and croft-gate
	$(Q)$(MAKE) O=$(O)/valgrind LIBC=glibc CFLAGS=-O1 unit-tests
	$(Q)sh tests/run-valgrind $(O)/valgrind/test $(patsubst $(O)/%,$(O)/valgrind/%,$(filter-out $(NOT_UNDER_VALGRIND:%=$(O)/test/%),$(UNIT) $(REPLAY)))
	$(Q)if [ "$$(id -u)" = 0 ]; then VALGRIND=1 $(RUN_SYSTEM) --build $(O)/system --select test_valgrind; \
	else echo 'valgrind: not root: croft-idmap and croft-gate left out'; fi
# test_all_*: every edge of the arithmetic and every pair of a rule and a request, which takes hours there.
NOT_UNDER_VALGRIND := $(notdir $(filter $(O)/test/test_all_%,$(UNIT)))

# --- other builds ----------------------------------------------------------------------------------------
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
sanitize: ## unit tests, and as root system tests, with all programs built with address and undefined sanitizers; TESTS=PATTERN selects
	$(Q)$(MAKE) O=$(O)/sanitize LIBC=glibc SANFLAGS='$(SANITIZE)' CFLAGS='-U_FORTIFY_SOURCE -O1' check
	$(Q)if [ "$$(id -u)" = 0 ]; then \
	    $(RUN_SYSTEM) --build $(O)/system --sanitize '$(SANITIZE)' $(if $(TESTS),--select '$(TESTS)'); \
	else echo 'sanitize: not root: system tests left out'; fi

FUZZ         ?=
FUZZ_SECONDS ?= 60
FUZZ_JOBS    ?= $(shell nproc)
fuzz: ## run libFuzzer on every target, FUZZ=NAME on some, FUZZ_SECONDS=60 each, FUZZ_JOBS= at once; needs clang
	$(Q)$(MAKE) O=$(O)/fuzz CC=clang LIBC=glibc SANFLAGS='-fsanitize=fuzzer-no-link $(SANITIZE)' \
	    CFLAGS='-U_FORTIFY_SOURCE -O1' $(or $(FUZZ:%=$(O)/fuzz/test/fuzz_%),fuzzers)
	$(Q)$(PYTHON) -B tests/fuzz/run.py --build $(O)/fuzz --seconds $(FUZZ_SECONDS) --jobs $(FUZZ_JOBS) $(or $(FUZZ),$(FUZZ_ALL))

COVERAGE := $(O)/coverage
coverage: ## as root: lines and branches that all tests reach; all of helper/ and policy/, but for what tests/cover/allowed names; needs clang
	$(Q)rm -rf $(COVERAGE) && mkdir -p $(COVERAGE)
	$(Q)$(RUN_SYSTEM) --build $(O)/system --coverage $(COVERAGE)/profiles $(if $(TESTS),--select '$(TESTS)')
	$(Q)$(PYTHON) -B tests/cover/report.py --build $(O)/system-coverage --profiles $(COVERAGE)/profiles --html $(COVERAGE)/report

# --- release -----------------------------------------------------------------------------------------------
# Not a pipe, whose failure at the beginning make would not see.
DIST := $(O)/croft-$(VERSION).tar
dist: ## a tar archive of the committed files; the same bytes every time
	$(Q)mkdir -p $(O)
	$(Q)if [ -e .git ]; then git -c safe.directory='$(CURDIR)' archive --format=tar --prefix=croft-$(VERSION)/ -o $(DIST) HEAD; else \
	    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=2026-01-01Z --mode=u=rwX,go=rX --exclude=__pycache__ \
	    --exclude=./build --exclude='$(patsubst $(CURDIR)/%,./%,$(abspath $(O)))' --transform='s,^[.],croft-$(VERSION),' -cf $(DIST) .; fi
	$(Q)gzip -9nf $(DIST)
	$(Q)cd $(O) && sha256sum croft-$(VERSION).tar.gz

.PHONY: unit-tests fuzzers check fuzz model probes bench bench-filter check-system faults kill-anywhere load check-vm lint sanitize \
	coverage mutants mutants-short dist attacks soak analyse valgrind
