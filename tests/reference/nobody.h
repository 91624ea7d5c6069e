/*
 * nobody.h - a user database without anybody, for policies that name nobody. Pure.
 */
#pragma once

#include "policy/parse.h"

extern const struct policy_resolver nobody;
