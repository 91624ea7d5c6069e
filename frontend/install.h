/*
 * install.h - how an administrator installs croft and croft-gate, for hints. A package is built with its own
 * words (INSTALL_CROFT=, INSTALL_GATE= of make).
 */
#pragma once

#ifndef INSTALL_CROFT
#define INSTALL_CROFT "sudo make install, in croft's source"
#endif
#ifndef INSTALL_GATE
#define INSTALL_GATE "sudo make install-gate, in croft's source"
#endif
