#!/bin/bash -p
# Prolog: slurmd runs it as root on each node of a job, before the first process of the job there.
# One that fails drains the node.
trap 'exit 0' EXIT
# shellcheck disable=SC2034 # hook.bash reads it
hook=prolog
# shellcheck source=SCRIPTDIR/hook.bash
. /usr/local/lib/slurm-observability/hook.bash
