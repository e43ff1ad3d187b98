#!/bin/sh
# Prints, as JSON, the first of the given Pythons that is 3.10 or newer, and whether it can make virtual environments.
for python; do
    "$python" -c '
import importlib.util, json, sys
if sys.version_info < (3, 10):
    sys.exit(1)
print(json.dumps({
    "path": sys.executable,
    "version": "%d.%d" % sys.version_info[:2],
    "makes_environments": bool(importlib.util.find_spec("ensurepip")),
}))' 2>/dev/null && exit
done
exit 1
