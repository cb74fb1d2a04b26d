#!/bin/sh
# What cargo runs instead of the compiler for our own crates when they are fuzzed: the same
# compiler, told to count for libFuzzer which code an input reaches and what it is compared with.
# Libraries of others are compiled as always, and once.
exec "$@" \
    -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares
