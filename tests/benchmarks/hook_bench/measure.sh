#!/bin/bash
# The Prolog and the Epilog of the benchmark: runs the hook that is measured, and notes how long Slurm had to wait for it.
hook=${0##*/}
directory=${0%/*}
# shellcheck source=/dev/null
. "$directory/current/environment"
began=$EPOCHREALTIME
"$directory/current/$hook" >/dev/null 2>&1
status=$?
ended=$EPOCHREALTIME
echo "$hook $((${ended/./} - ${began/./})) $status" >>"$directory/times"
