#!/bin/bash -p
# EpilogSlurmctld: slurmctld runs it as SlurmUser, once for each run of a job, after the job has ended.
# One that fails is logged.
trap 'exit 0' EXIT
# shellcheck disable=SC2034 # hook.bash reads it
hook=epilog_slurmctld
# shellcheck source=SCRIPTDIR/hook.bash
. /usr/local/lib/slurm-observability/hook.bash
