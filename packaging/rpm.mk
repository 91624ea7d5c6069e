# RPM packages of the committed tree; part of the Makefile. $(O)/rpm holds them. The same commit gives the same bytes, as in deb.mk.

RPM_DIR := $(abspath $(O))/rpm
# Debian has rpmbuild; but its database knows none of what is installed, there is no program that splits debug symbols off, and
# the one that compresses pages wants another sh.
RPM_HERE := $(if $(wildcard /etc/debian_version),--nodeps --define 'debug_package %{nil}' --define '__os_install_post /usr/lib/rpm/brp-strip strip')
# RPM_FLAGS= more of rpmbuild's options
RPM_ENV   = env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$$HOME" LC_ALL=C.UTF-8

rpm: dist ## RPM packages of the committed files, in $(O)/rpm; needs `sh tools/install-packages build rpm`, or Fedora's packages of packaging/rpm
	$(Q)rm -rf $(RPM_DIR) && mkdir -p $(RPM_DIR)/SOURCES
	$(Q)cp $(O)/croft-$(VERSION).tar.gz $(RPM_DIR)/SOURCES/
	$(Q)umask 022 && $(RPM_ENV) rpmbuild -bb --quiet $(RPM_HERE) $(RPM_FLAGS) --define '_topdir $(RPM_DIR)' --define '_buildhost croft' packaging/rpm/croft.spec
	$(Q)mv $(RPM_DIR)/RPMS/*/*.rpm $(RPM_DIR)/ && rm -rf $(addprefix $(RPM_DIR)/,BUILD BUILDROOT RPMS SOURCES SPECS SRPMS)
	$(Q)cd $(RPM_DIR) && sha256sum *.rpm

.PHONY: rpm
