# What is in croft-idmap: lines, objects, imports, size; fails on an import that imports.allowed does not have.
# $(O)/s/idmap.a is what the program is linked from; the linker's map says which of its members it takes.

idmap_comma := ,

$(O)/helper-report.program: $(O)/s/idmap.a
	$(Q)$(call STATIC_LINK,-Wl$(idmap_comma)-Map=$@.map -u main $<)

helper-report: $(O)/helper-report.program ## size, objects and imports of croft-idmap; fails on a new import
	$(Q)sh helper/idmap/report $(O) $< $<.map helper/idmap/imports.allowed

.PHONY: helper-report
