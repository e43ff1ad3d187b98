# What every job hook does while Slurm waits for it: next to nothing. The hook sources this file, with its name in `hook`.
# shellcheck shell=bash
#
# It starts a writer for each place that is to know, and ends. The writers are in a process group of their own, because
# slurmd kills that of a hook when it ends, and hold nothing of Slurm's open: each may hang with its file system, alone.
# What one cannot write is lost here, and found again by the agent (in the cgroups) and by the service (in Slurm's records).
#
# Works with bash 4.2 and later. Nothing here calls Slurm, the network, or another program.

# shellcheck disable=SC2034,SC2154 # kind and now are read by the other files, hook comes from the one that sources this

library=${BASH_SOURCE[0]%/*}

# So many writers may hang on a host. Then events are given up at once, until the file system is back. Slurmctld runs the
# hooks of hundreds of jobs at once, as when an array is cancelled: these are to have a writer each.
most_writers=256

run_hook() {
    local now=${EPOCHREALTIME-} kind=job-finished
    now=${now//[!0-9]/}
    [[ $hook != prolog* ]] || kind=job-started
    export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
    shopt -s nullglob
    read_settings
    [[ ${SLURM_JOB_ID-} =~ ^[1-9][0-9]{0,9}$ ]] && may_write || return
    set -m # the writers get their process group
    { coproc start_writers; } 2>/dev/null
}

# Sets what neither the environment nor hooks.conf does. Nothing of it comes from a user, whose variables Slurm passes to no
# hook by the name that the user gave them.
read_settings() {
    local file=/etc/slurm-observability/hooks.conf
    # shellcheck source=/dev/null
    [[ ! -r $file ]] || . "$file"
    : "${OBSERVABILITY_SPOOL=/run/slurm-observability/spool}"
    : "${OBSERVABILITY_WRITERS=/run/slurm-observability/writers}"
    : "${OBSERVABILITY_GPU_MAP=/run/slurm-observability/gpu-jobs}"
    : "${OBSERVABILITY_GPU_NAMES=/run/slurm-observability/gpu-names}"
}

# Each writer leaves a file with its process id on tmpfs for as long as it runs. One that was killed leaves it longer.
may_write() {
    local marker writers=0 markers=("$OBSERVABILITY_WRITERS"/*)
    ((${#markers[@]} >= most_writers)) || return 0
    for marker in "${markers[@]}"; do
        [[ ! -d /proc/${marker##*/} ]] || writers=$((writers + 1))
    done
    ((writers < most_writers))
}

# Seconds from the end of a hook to its writers, for Slurm to take note of the end.
head_start=0.02

# One process starts the writers, when the hook has ended: the hook shares the processors with whatever it starts, and a
# writer beside it kept it from its end for a time slice of 3 ms where there were two processors.
start_writers() {
    local place descriptor IFS=:
    read -r _ || read -r -t "$head_start" _ <>/dev/fd/0 # the hook holds the other end; then nobody but this process
    exec </dev/null >/dev/null
    for descriptor in /proc/self/fd/*; do
        descriptor=${descriptor##*/}
        ((descriptor <= 2)) || exec {descriptor}>&-
    done
    for place in $OBSERVABILITY_SPOOL; do
        run_writer event "$place" &
    done
    if [[ ${SLURM_JOB_GPUS-} && $hook != *_slurmctld ]]; then
        run_writer gpu_map "$OBSERVABILITY_GPU_MAP" &
    fi
}

# Runs the file of what is to be written, in the directory where it goes.
run_writer() {
    local what=$1 directory=$2 marker=$OBSERVABILITY_WRITERS/$BASHPID IFS=$' \t\n'
    umask 022
    set -o noclobber # no file that is there is written to
    : >"$marker"
    # The directory is the agent's, who is not to gain anything by a link that root follows.
    # shellcheck source=/dev/null
    cd -P -- "$directory" && [[ $PWD == "$directory" ]] && . "$library/$what.bash"
    exec rm -f -- "$marker"
}

# Puts what a command prints into a file of the working directory, whole or not at all: put FILE COMMAND...
put() {
    local temporary=.tmp.$BASHPID.$RANDOM$RANDOM$RANDOM
    [[ ! -L $temporary ]] || return # noclobber would follow a link to a device
    "${@:2}" >"$temporary" && mv -T -- "$temporary" "$1" && return
    rm -f -- "$temporary"
}

run_hook
