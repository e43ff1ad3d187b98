# Adds a job to the GPU-to-job map of dcgm-exporter, or takes it out. The map is the working directory: a file for each GPU,
# by its name in dcgm-exporter, with the ids of the GPU's jobs. hook.bash sources this file in a writer.
# shellcheck shell=bash
# shellcheck disable=SC2154 # kind is that of hook.bash

# Seconds to wait for the agent or the hook of another job. What is given up here, the agent puts right.
patience=5

# Keeps in a GPU's file the jobs that it has, each once, but for this one: that is in it from its start to its end.
update() {
    local gpu=$1 line found='' jobs=()
    if [[ -f $gpu ]]; then
        while read -r line || [[ $line ]]; do
            if [[ $line == "$SLURM_JOB_ID" ]]; then
                found=yes
            elif [[ $line =~ ^[1-9][0-9]{0,9}$ && " ${jobs[*]} " != *" $line "* ]]; then
                jobs+=("$line")
            fi
        done <"$gpu"
    fi
    if [[ $kind == job-started ]]; then
        [[ ! $found ]] || return
        jobs+=("$SLURM_JOB_ID")
    else
        [[ $found ]] || return
    fi
    if ((${#jobs[@]})); then
        put "$gpu" printf '%s\n' "${jobs[@]}"
    else
        rm -f -- "$gpu" # dcgm-exporter before 4.3 drops a GPU whose file is empty
    fi
}

# Slurm's index of a GPU is not always that of dcgm-exporter: the agent keeps a table from index and UUID to name. A UUID is
# the surer of the two. Without a table the index has to do.
add_to_gpus() {
    local key name position indices devices
    local -A names=()
    if [[ -f $OBSERVABILITY_GPU_NAMES ]]; then
        while read -r key name; do
            [[ ! $key ]] || names[$key]=$name
        done <"$OBSERVABILITY_GPU_NAMES"
    fi
    local IFS=,
    set -o noglob
    # shellcheck disable=SC2206 # split at the commas
    indices=($SLURM_JOB_GPUS) devices=($CUDA_VISIBLE_DEVICES)
    IFS=' '
    for position in "${!indices[@]}"; do
        name=${indices[position]}
        if ((${#names[@]})); then
            name=${names[${devices[position]:-none}]-${names[$name]-}}
        fi
        [[ ! $name =~ ^[0-9]+(\.[0-9]+)?$ ]] || update "$name"
    done
}

# The lock is that of the directory itself.
if exec 9<. && flock -w "$patience" 9; then
    if [[ $kind == job-started ]]; then
        add_to_gpus
    else
        for gpu in [0-9]*; do
            update "$gpu"
        done
    fi
fi
