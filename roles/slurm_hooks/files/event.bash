# Writes the event of a hook into the spool, which is the working directory. hook.bash sources this file in a writer.
# shellcheck shell=bash
# shellcheck disable=SC2154 # hook, kind and now are those of hook.bash

# What Slurm tells of a job. Which of it is set depends on the hook and on Slurm's version.
variables=(
    SLURM_SCRIPT_CONTEXT SLURM_CLUSTER_NAME SLURMD_NODENAME
    SLURM_JOB_ID SLURM_JOB_SLUID SLURM_JOB_RESTART_COUNT
    SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID SLURM_HET_JOB_ID SLURM_HET_JOB_OFFSET
    SLURM_JOB_NAME SLURM_JOB_USER SLURM_JOB_UID SLURM_JOB_GID
    SLURM_JOB_ACCOUNT SLURM_JOB_PARTITION SLURM_JOB_QOS SLURM_JOB_RESERVATION
    SLURM_JOB_NODELIST SLURM_NODELIST SLURM_JOB_NUM_NODES SLURM_JOB_CPUS_PER_NODE
    SLURM_JOB_GPUS CUDA_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES
    SLURM_JOB_START_TIME SLURM_JOB_END_TIME
    SLURM_JOB_WORK_DIR SLURM_JOB_STDOUT SLURM_JOB_STDERR
    SLURM_JOB_EXIT_CODE SLURM_JOB_EXIT_CODE2 SLURM_JOB_DERIVED_EC
)

# A record ends with a NUL byte. A value of the environment holds none, so no job can forge a record.
print_event() {
    local name node='' host=${HOSTNAME%%.*} records=(VERSION=1 "HOOK=$hook" "KIND=$kind")
    [[ $hook == *_slurmctld ]] || node=${SLURMD_NODENAME:-$host}
    records+=("EVENT_ID=${node:-$host}-$SLURM_JOB_ID-$kind-$now-$$" "TIME=$now" "NODE=$node")
    for name in "${variables[@]}"; do
        [[ -z ${!name+set} ]] || records+=("$name=${!name}")
    done
    printf '%s\0' "${records[@]}" END=1
}

# As many as the agent lets wait. Without one nobody empties the spool, and its tmpfs is that of the whole system.
most_events=50000

waiting=(*.event)
if ((${#waiting[@]} < most_events)); then
    # bash before 5.0 has no clock this fine.
    : "${now:=$(date +%s%6N)}"
    put "$now.$SLURM_JOB_ID.$kind.$$.event" print_event
fi
