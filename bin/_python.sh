# Sourced by demo, test and bench: puts a virtual environment with the pinned tools on PATH.
# shellcheck shell=bash

_find_python() {
    local python
    for python in python3.11 python3.12 python3.13 python3; do
        if "$python" -c 'import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    return 1
}

_control_node_python() {
    _find_python && return
    if ((EUID == 0)) && command -v apt-get >/dev/null; then
        echo '== installing python3-venv (apt-get)' >&2
        { apt-get update && apt-get install -y --no-install-recommends python3-venv; } >/dev/null
        _find_python && return
    fi
    echo "$0: Python 3.11, 3.12 or 3.13 with the venv module is needed (Debian: apt-get install python3-venv)" >&2
    return 2
}

# use_python REQUIREMENTS: makes .venv once per set of pins and puts it first on PATH.
use_python() {
    local requirements=$1 venv=${OBSERVABILITY_VENV:-.venv} pins
    pins=$(cat requirements*.txt | sha256sum | cut -c1-16)
    if [[ $(cat "$venv/.$requirements.pins" 2>/dev/null) != "$pins" ]]; then
        echo "== installing $requirements into $venv (about a minute, once)"
        "$(_control_node_python)" -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
        echo "$pins" >"$venv/.$requirements.pins"
    fi
    PATH=$(cd "$venv/bin" && pwd):$PATH
    export PATH
}
