"""Stand-ins for fluent-bit: they take what the program gives them, and run or fail as real ones do."""

from __future__ import annotations

# It runs until it is told to end, once it has been given options.
WORKS = """#!/bin/sh
# {name}
[ "$*" = --version ] && echo 'Fluent Bit v3.0.7' && exit
[ "$*" = '-i dummy -p samples=1 -o null -f 1' ] || exit 64
exec sleep 60
"""
# As jemalloc built for pages of 4 KiB, see fluent/fluent-bit 10941.
WRONG_PAGES = """#!/bin/sh
# {name}
echo '<jemalloc>: Unsupported system page size' >&2
echo '[error] errno=12 Cannot allocate memory' >&2
exit 1
"""
# One that reaches its first record.
CRASHES_LATER = """#!/bin/sh
# {name}
[ "$*" = --version ] && exit
kill -SEGV $$
"""
LACKS_A_LIBRARY = """#!/bin/sh
# {name}
echo 'error while loading shared libraries: libyaml-0.so.2' >&2
exit 127
"""
# As fluent-bit 5.1.1 says it.
LACKS_A_PLUGIN = """#!/bin/sh
# {name}
[ "$*" = --version ] && exit
echo "[error] [config] section 'dummy' tried to instance a plugin name that doesn't exist" >&2
exit 1
"""
