#!/bin/bash
# A steady load of short jobs that end in every way: about ten runs in a round. Runs on head as an ordinary user, until
# it is killed. What fails because Slurm is away just then is left out.
cd /tmp || exit
# submit SCRIPT [OPTION...]
submit() { sbatch --parsable --output=/dev/null --partition=hpc "${@:2}" --wrap "$1"; }

while :; do
    # shellcheck disable=SC2016 # for the job's shell
    {
        submit 'exit $SLURM_ARRAY_TASK_ID' --array=0-3
        submit 'srun true' --nodes=2
        submit 'kill -9 $$'
        submit true --gres=gpu:1
        again=$(submit 'test ${SLURM_RESTART_COUNT:-0} -gt 0 || sleep 30' --requeue)
        cancelled=$(submit 'sleep 30')
    }
    sleep 1.5
    scancel "$cancelled"
    scontrol requeue "$again"
    # Slurm lets a requeued job wait for two minutes: that of the round before need not.
    scontrol update "jobid=${requeued:-$again}" StartTime=now
    requeued=$again
done
