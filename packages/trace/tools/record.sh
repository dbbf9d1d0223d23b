#!/bin/sh
# Makes the recordings with a known end state in ../test/fixtures: NAME.pyrt.gz and, beside it, what the interpreter
# printed at that moment, NAME.txt. Needs a C compiler and CPythons built with a shared library.
#
#     ./record.sh PREFIX...      such as ~/.pyenv/versions/3.13.0
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for prefix in "$@"; do
  version=$("$prefix/bin/python3" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  cc -O2 -Wall -Wextra -pthread -o "$work/record" record.c \
    "-I$prefix/include/python$version" "-L$prefix/lib" "-Wl,-rpath,$prefix/lib" "-lpython$version"
  name=fragments-$version
  "$work/record" "$prefix" "$work/$name.pyrt" "../test/fixtures/$name.txt" fragments.py
  gzip -9 -n -c "$work/$name.pyrt" > "../test/fixtures/$name.pyrt.gz"
done
