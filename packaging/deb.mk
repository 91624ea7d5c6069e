# Debian packages of the committed tree; part of the Makefile. $(O)/deb holds the packages and their source package. They are
# built in a copy, by dpkg-buildpackage, which takes the time of the changelog: the same bytes every time and in every folder.

DEB_DIR  := $(abspath $(O))/deb
DEB_TREE := $(DEB_DIR)/croft-$(VERSION)
# The tools of the distribution, and no variable of this make or of whoever starts it.
DEB_ENV   = env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$$HOME" LC_ALL=C.UTF-8 DEB_BUILD_OPTIONS="$$DEB_BUILD_OPTIONS"

deb: dist ## Debian packages of the committed files, in $(O)/deb; needs `sh tools/install-packages build deb`
	$(Q)rm -rf $(DEB_DIR) && mkdir -p $(DEB_DIR)
	$(Q)cp $(O)/croft-$(VERSION).tar.gz $(DEB_DIR)/croft_$(VERSION).orig.tar.gz
	$(Q)tar -C $(DEB_DIR) -xf $(DEB_DIR)/croft_$(VERSION).orig.tar.gz
	$(Q)cp -R $(DEB_TREE)/packaging/debian $(DEB_TREE)/debian
	$(Q)umask 022 && cd $(DEB_TREE) && $(DEB_ENV) dpkg-buildpackage -us -uc -Jauto
	$(Q)rm -rf $(DEB_TREE)
	$(Q)cd $(DEB_DIR) && sha256sum *.deb

.PHONY: deb
