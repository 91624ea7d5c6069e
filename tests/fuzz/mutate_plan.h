/*
 * mutate_plan.h - changes an encoded plan field by field, for the targets whose input is one: bytes changed
 * at random are seldom a plan.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's own way. Not there in a replay, which changes nothing. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));

/* As LLVMFuzzerCustomMutator. */
size_t mutate_plan(uint8_t *data, size_t size, size_t max, unsigned seed);
