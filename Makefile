# croft - GNU make. `make help` lists the targets.
# O= where everything is built; PREFIX, SYSCONFDIR, DESTDIR as usual; CFLAGS, LDFLAGS of the builder come last.
# V=1 shows the commands. CI=1 makes warnings errors, and skipped tests failures.
# LIBC=musl (default where musl-gcc is installed): croft, croft-idmap and croft-gate are static position-independent programs.
# LIBC=glibc: they are dynamic, fully relocated at start.

O            ?= build
PREFIX       ?= /usr/local
SYSCONFDIR   ?= /etc
BINDIR       ?= $(PREFIX)/bin
BASHDIR      ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR       ?= $(PREFIX)/share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
FISHDIR      ?= $(PREFIX)/share/fish/vendor_completions.d
LIBEXECDIR   ?= $(PREFIX)/libexec/croft
MANDIR       ?= $(PREFIX)/share/man
STATEDIR     ?= /var/lib/croft
DESTDIR      ?=
# how croft and croft-gate are installed, for hints; a package has its own words
INSTALL_CROFT ?=
INSTALL_GATE  ?=
# what gives privilege; a package does that where it is installed, and has : here
GRANT        ?= sh packaging/grant
ifeq ($(origin CC),default)
CC           := gcc
endif
ifeq ($(origin CXX),default)
CXX          := $(if $(findstring clang,$(CC)),clang++,g++)
endif
MUSL_CC      ?= musl-gcc
LIBC         ?= $(if $(shell command -v $(MUSL_CC) 2>/dev/null),musl,glibc)
PKG_CONFIG   ?= pkg-config
VERSION      := 0.1.0
WERROR       ?= $(if $(CI),-Werror)
V            ?=

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '  %-5s %s\n' $(1) $(patsubst $(O)/%,%,$(2)))

# --- sources ---------------------------------------------------------------
COMMON_SRC   := $(sort $(wildcard common/*.c))
POLICY_SRC   := $(sort $(wildcard policy/*.c))
SANDBOX_SRC  := $(sort $(wildcard sandbox/*.c))
FRONTEND_SRC := $(sort $(wildcard frontend/*.c))
VET_SRC      := $(sort $(wildcard vet/*.c))
HELPER_SRC   := $(sort $(wildcard helper/shared/*.c))
IDMAP_SRC    := $(sort $(wildcard helper/idmap/*.c))
GATE_SRC     := $(sort $(wildcard helper/gate/*.c))
ROOT_SRC     := $(sort $(wildcard frontend/rootbuild/*.c))
IMPORT_SRC   := $(sort $(wildcard frontend/import/*.c)) frontend/json/json.c
SUBID_SRC    := $(sort $(wildcard frontend/subid/*.c))
SECCOMP_SRC  := $(sort $(wildcard frontend/seccomp/*.c)) frontend/json/json.c
SCOPE_SRC    := $(sort $(wildcard frontend/scope/*.c))
FROM_SRC     := $(sort $(wildcard frontend/from/*.c frontend/from/*.cc))
# what an option of croft run is, for a program beside croft
OPTIONS_SRC  := $(addprefix frontend/,options.c csv.c join.c run_form.c run_options.c run_confine.c run_life.c run_limits.c run_network.c)
COMPL_SRC    := $(sort $(wildcard frontend/completion/*.c))
MAN          := $(sort $(wildcard man/*.[1578]))
# verbs that one page describes: its other names
EXEC_TOO     := $(addprefix croft-,ps stop logs attach)
GITLAB       := $(addprefix contrib/gitlab/,settings config prepare run cleanup)
FILTER_SRC   := $(sort $(wildcard sandbox/filter/*.c))
GEN_SRC      := $(O)/gen/capnames.c $(O)/gen/policy_text.c $(O)/gen/seccomp_filters.c

# --- flags -----------------------------------------------------------------
probe = $(shell echo 'int x;' | $(CC) -Werror $(1) -x c -c -o /dev/null - 2>/dev/null && echo '$(1)')
WARN    := -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
           -Wpointer-arith -Wcast-qual -Wwrite-strings -Wswitch-enum -Wconversion -Wimplicit-fallthrough \
           $(call probe,-Wduplicated-cond) $(call probe,-Wlogical-op) $(call probe,-Wjump-misses-init)
HARDEN  := -fstack-protector-strong -fstack-clash-protection $(call probe,-ftrivial-auto-var-init=zero) \
           $(call probe,-fcf-protection=full) $(call probe,-fstrict-flex-arrays=3) -fno-strict-overflow -fno-delete-null-pointer-checks
HOUSE   := -std=gnu11 -D_GNU_SOURCE -I. -I$(O)/gen $(WARN) $(HARDEN) $(WERROR) \
           -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(abspath $(O))=build -ffile-prefix-map=$(O)=build \
           -DCROFT_VERSION='"$(VERSION)"' -DSYSCONFDIR='"$(SYSCONFDIR)"' -DLIBEXECDIR='"$(LIBEXECDIR)"' -DSTATEDIR='"$(STATEDIR)"' \
           $(if $(INSTALL_CROFT),-DINSTALL_CROFT='"$(INSTALL_CROFT)"') $(if $(INSTALL_GATE),-DINSTALL_GATE='"$(INSTALL_GATE)"')
OPT     := -O2 -g
LINKSEC := -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--build-id=none

ifeq ($(LIBC),musl)
# Not asked with -print-file-name: musl-gcc answers with the rcrt1.o and libc.a of glibc.
MUSL_DIRS   := /usr/lib/$(patsubst %-gnu,%-musl,$(shell $(CC) -dumpmachine)) /usr/local/musl/lib /usr/lib/musl/lib
MUSL_LIB    ?= $(patsubst %rcrt1.o,%,$(firstword $(wildcard $(addsuffix /rcrt1.o,$(MUSL_DIRS)))))
STATIC_CC   := $(MUSL_CC) -idirafter $(O)/gen/kernel
STATIC_CF    = $(HOUSE) $(OPT) -fPIE $(CPPFLAGS) $(CFLAGS)
STATIC_LINK  = $(CC) -nostdlib -static -Wl,-pie,--no-dynamic-linker,-z,text,--gc-sections $(LINKSEC) $(LDFLAGS) -o $@ \
               $(MUSL_LIB)rcrt1.o $(MUSL_LIB)crti.o $(shell $(CC) -print-file-name=crtbeginS.o) $(1) \
               $(MUSL_LIB)libc.a -lgcc -lgcc_eh $(shell $(CC) -print-file-name=crtendS.o) $(MUSL_LIB)crtn.o
KERNEL_HEADERS := $(O)/gen/kernel/linux
else
STATIC_CC   := $(CC)
STATIC_CF    = $(HOUSE) -D_FORTIFY_SOURCE=3 $(OPT) -fPIE $(CPPFLAGS) $(CFLAGS)
STATIC_LINK  = $(CC) -pie $(LINKSEC) $(SANFLAGS) $(LDFLAGS) -o $@ $(1)
KERNEL_HEADERS :=
endif
# C++, for a library that is C++: the house's flags but for those of C. vptr would ask of classes of the library's.
CXX_CF       = $(filter-out -std=gnu11 -Wstrict-prototypes -Wmissing-prototypes -Wjump-misses-init -Wswitch-enum,$(SHARED_CF)) \
               -std=c++17 -DTOML_HEADER_ONLY=0 -DTOML_SHARED_LIB=1 -Wmissing-declarations
SHARED_CF    = $(HOUSE) -D_FORTIFY_SOURCE=3 $(OPT) -fPIE $(CPPFLAGS) $(CFLAGS)

# two kinds of objects: s/ for croft and the helpers, d/ (dynamic) for what needs a big library and for tests
s_objs = $(patsubst %.c,$(O)/s/%.o,$(patsubst $(O)/gen/%,gen/%,$(1)))
d_objs = $(patsubst %.cc,$(O)/d/%.o,$(patsubst %.c,$(O)/d/%.o,$(patsubst $(O)/gen/%,gen/%,$(1))))

CROFT_OBJ := $(call s_objs,$(FRONTEND_SRC) $(VET_SRC) $(SANDBOX_SRC) $(POLICY_SRC) $(COMMON_SRC) $(GEN_SRC))
IDMAP_OBJ := $(call s_objs,$(IDMAP_SRC) $(HELPER_SRC) $(POLICY_SRC) $(COMMON_SRC) $(GEN_SRC))
GATE_OBJ  := $(call s_objs,$(GATE_SRC) $(HELPER_SRC) $(VET_SRC) $(SANDBOX_SRC) $(POLICY_SRC) $(COMMON_SRC) $(GEN_SRC))
ROOT_OBJ  := $(call d_objs,$(ROOT_SRC) $(COMMON_SRC) $(O)/gen/capnames.c)
IMPORT_OBJ := $(call d_objs,$(IMPORT_SRC) sandbox/inroot.c sandbox/plain.c sandbox/seccomp.c sandbox/seccomp_variant.c $(COMMON_SRC) $(O)/gen/capnames.c $(O)/gen/seccomp_filters.c)
SUBID_OBJ := $(call d_objs,$(SUBID_SRC) $(COMMON_SRC) $(O)/gen/capnames.c)
SECCOMP_OBJ := $(call d_objs,$(SECCOMP_SRC) $(COMMON_SRC) $(O)/gen/capnames.c)
SCOPE_OBJ := $(call d_objs,$(SCOPE_SRC) $(COMMON_SRC) $(O)/gen/capnames.c)
FROM_OBJ := $(call d_objs,$(FROM_SRC) $(OPTIONS_SRC) sandbox/standard.c $(COMMON_SRC) $(O)/gen/capnames.c)
FROM_LIBS := -ltomlplusplus -ljansson -lstdc++

PROGRAMS := $(O)/croft $(O)/croft-idmap $(O)/croft-gate $(O)/croft-root $(O)/croft-import $(O)/croft-subid \
            $(O)/croft-seccomp $(O)/croft-scope $(O)/croft-from

COMPLETIONS := $(addprefix $(O)/completions/,croft.bash _croft croft.fish)

all: $(PROGRAMS) $(COMPLETIONS) ## build everything

$(O)/croft: $(CROFT_OBJ)
	$(call say,LINK,$@)
	$(Q)$(call STATIC_LINK,$^)
# from archives, so that they hold only what they use
$(O)/croft-idmap $(O)/croft-gate: $(O)/croft-%: $(O)/s/%.a
	$(call say,LINK,$@)
	$(Q)$(call STATIC_LINK,-u main $^)
$(O)/s/idmap.a: $(IDMAP_OBJ)
$(O)/s/gate.a: $(GATE_OBJ)
$(O)/s/idmap.a $(O)/s/gate.a:
	$(Q)rm -f $@ && $(AR) rcsD $@ $^
$(O)/croft-root: $(ROOT_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(LINKSEC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ -lelf
$(O)/croft-import: $(IMPORT_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(LINKSEC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ -larchive -ljson-c -lnettle
$(O)/croft-subid: $(SUBID_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(LINKSEC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ -lsubid
$(O)/croft-seccomp: $(SECCOMP_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(LINKSEC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ -ljson-c -lseccomp
$(O)/croft-scope: $(SCOPE_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(LINKSEC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ -lsystemd
$(O)/croft-from: $(FROM_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(LINKSEC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(FROM_LIBS)

# Shell completion, made from the tables of croft by a program of the same objects; runs here too
$(O)/make-completions: $(call s_objs,$(COMPL_SRC)) $(O)/s/frontend.a
	$(call say,LINK,$@)
	$(Q)$(call STATIC_LINK,$^)
$(O)/s/frontend.a: $(filter-out %/frontend/main.o,$(CROFT_OBJ))
	$(Q)rm -f $@ && $(AR) rcsD $@ $^
$(O)/completions/croft.bash: SHELL_IS := bash
$(O)/completions/_croft: SHELL_IS := zsh
$(O)/completions/croft.fish: SHELL_IS := fish
$(COMPLETIONS): $(O)/completions/%: frontend/completion/% $(O)/make-completions
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(O)/make-completions $(SHELL_IS) $< > $@

$(O)/s/%.o: %.c $(O)/flags | $(KERNEL_HEADERS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(STATIC_CC) $(STATIC_CF) $(SANFLAGS) -MMD -MP -c -o $@ $<
$(O)/s/gen/%.o: $(O)/gen/%.c $(O)/flags | $(KERNEL_HEADERS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(STATIC_CC) $(STATIC_CF) $(SANFLAGS) -MMD -MP -c -o $@ $<
$(O)/d/%.o: %.c $(O)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SHARED_CF) $(SANFLAGS) -MMD -MP -c -o $@ $<
$(O)/d/%.o: %.cc $(O)/flags
	$(call say,CXX,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(CXX_CF) $(SANFLAGS) -fno-sanitize=vptr -MMD -MP -c -o $@ $<
$(O)/d/gen/%.o: $(O)/gen/%.c $(O)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SHARED_CF) $(SANFLAGS) -MMD -MP -c -o $@ $<

# objects are made again when a flag or a path changes
FLAGS_NOW = $(LIBC) $(STATIC_CC) $(STATIC_CF) $(CC) $(SHARED_CF) $(CXX) $(CXX_CF) $(SANFLAGS) $(LDFLAGS)
$(O)/flags: FORCE
	@mkdir -p $(O)
	@printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' > $@
FORCE:

# musl-gcc does not see the kernel's headers; link just those three directories
$(O)/gen/kernel/linux:
	@mkdir -p $(O)/gen/kernel
	@for d in asm asm-generic linux; do \
	    for i in /usr/include/$$d /usr/include/$(shell $(CC) -dumpmachine)/$$d; do \
	        if [ -d $$i ]; then ln -sfn $$i $(O)/gen/kernel/$$d; break; fi; done; done

$(O)/gen/capnames.c: common/capnames.awk
	@mkdir -p $(@D)
	$(Q)printf '#include <linux/capability.h>\n' | $(CC) -E -dM - | awk -f $< > $@
$(O)/gen/policy_text.c: policy/built-in.conf policy/text.awk
	@mkdir -p $(@D)
	$(Q)awk -f policy/text.awk policy/built-in.conf > $@
# runs here, so CC must make programs for this machine
$(O)/gen/seccomp_filters.c: $(O)/make-filters
	@mkdir -p $(@D)
	$(Q)$(O)/make-filters $(firstword $(subst -, ,$(shell $(CC) -dumpmachine))) > $@
$(O)/make-filters: $(call d_objs,$(FILTER_SRC) common/err.c common/text.c)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(LINKSEC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ -lseccomp

-include $(shell find $(O)/s $(O)/d -name '*.d' 2>/dev/null)

include tests/tests.mk
include helper/report.mk
include packaging/deb.mk
include packaging/rpm.mk

# --- install ---------------------------------------------------------------
install: all ## install to DESTDIR/PREFIX; as root this also gives croft-idmap its capabilities
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(MANDIR)/man1 $(addprefix $(DESTDIR)$(MANDIR)/,man1 man5 man7 man8)
	install -m 755 $(O)/croft $(DESTDIR)$(BINDIR)/croft
	install -m 755 $(O)/croft-root $(O)/croft-import $(O)/croft-subid $(O)/croft-seccomp $(O)/croft-scope $(O)/croft-from $(DESTDIR)$(LIBEXECDIR)/
	install -m 755 $(O)/croft-idmap $(DESTDIR)$(LIBEXECDIR)/croft-idmap
	$(GRANT) $(DESTDIR)$(LIBEXECDIR)/croft-idmap cap_setuid,cap_setgid+p
	set -e; for page in $(MAN); do to=$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; install -m 644 $$page $$to; \
	    sed -i 's,/usr/local/libexec/croft,$(LIBEXECDIR),g; s,/usr/local/share/doc,$(PREFIX)/share/doc,g' $$to; done
	set -e; for name in $(EXEC_TOO); do ln -sf croft-exec.1 $(DESTDIR)$(MANDIR)/man1/$$name.1; done
	install -d $(DESTDIR)$(LIBEXECDIR)/gitlab
	install -m 755 $(GITLAB) $(DESTDIR)$(LIBEXECDIR)/gitlab/
	install -d $(DESTDIR)$(PREFIX)/share/doc/croft
	install -m 644 policy/policy.conf $(DESTDIR)$(PREFIX)/share/doc/croft/policy.conf
	install -d $(addprefix $(DESTDIR),$(BASHDIR) $(ZSHDIR) $(FISHDIR))
	install -m 644 $(O)/completions/croft.bash $(DESTDIR)$(BASHDIR)/croft
	install -m 644 $(O)/completions/_croft $(DESTDIR)$(ZSHDIR)/_croft
	install -m 644 $(O)/completions/croft.fish $(DESTDIR)$(FISHDIR)/croft.fish

install-gate: install ## also install croft-gate, for hosts where users may not create user namespaces
	install -m 755 $(O)/croft-gate $(DESTDIR)$(LIBEXECDIR)/croft-gate
	$(GRANT) $(DESTDIR)$(LIBEXECDIR)/croft-gate cap_sys_admin+p

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/croft $(DESTDIR)$(PREFIX)/share/doc/croft/policy.conf
	rm -f $(addprefix $(DESTDIR)$(LIBEXECDIR)/,croft-root croft-import croft-subid croft-seccomp croft-scope croft-from croft-idmap croft-gate)
	rm -f $(addprefix $(DESTDIR)$(LIBEXECDIR)/gitlab/,$(notdir $(GITLAB)))
	rm -f $(EXEC_TOO:%=$(DESTDIR)$(MANDIR)/man1/%.1) $(foreach page,$(MAN),$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)))
	rm -f $(addprefix $(DESTDIR),$(BASHDIR)/croft $(ZSHDIR)/_croft $(FISHDIR)/croft.fish)
	rmdir $(DESTDIR)$(LIBEXECDIR)/gitlab $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(PREFIX)/share/doc/croft 2>/dev/null || true

clean: ## remove what was built
	rm -rf $(O)

help: ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile tests/tests.mk helper/report.mk packaging/deb.mk packaging/rpm.mk | sed -E 's/:[^#]*## /\t/' | sort | awk -F'\t' '{printf "  %-16s %s\n", $$1, $$2}'

.PHONY: all install install-gate uninstall clean help FORCE
