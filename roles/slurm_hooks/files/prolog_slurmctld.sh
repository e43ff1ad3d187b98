#!/bin/bash -p
# PrologSlurmctld: slurmctld runs it as SlurmUser, once for each run of a job, before the job starts.
# One that fails requeues or cancels the job.
trap 'exit 0' EXIT
# shellcheck disable=SC2034 # hook.bash reads it
hook=prolog_slurmctld
# shellcheck source=SCRIPTDIR/hook.bash
. /usr/local/lib/slurm-observability/hook.bash
