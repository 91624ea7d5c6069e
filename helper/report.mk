# What is in croft-idmap and croft-gate: lines, objects, imports, size; fails on an import that the program's
# imports.allowed does not have. $(O)/s/NAME.a is what the program is linked from; the linker's map says which of its
# members it takes.

report_comma := ,
REPORTS := $(O)/report-idmap $(O)/report-gate

$(REPORTS): $(O)/report-%: $(O)/s/%.a
	$(Q)$(call STATIC_LINK,-Wl$(report_comma)-Map=$@.map -u main $<)

helper-report: $(REPORTS) ## size, objects and imports of croft-idmap and croft-gate; fails on a new import
	$(Q)for name in idmap gate; do sh helper/report $(O) $$name || exit 1; done

.PHONY: helper-report
