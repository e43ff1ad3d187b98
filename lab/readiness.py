"""Whether Slurm runs jobs on a lab."""

from __future__ import annotations

from lab import guest, ssh, state, topology
from lab.errors import LabError


def wait_for_slurm(lab: state.Lab) -> None:
    """Return when every static node can run jobs; start daemons that ended and resume nodes that were taken out."""
    for machine in lab.always_on:
        ssh.run(lab, machine, f"systemctl start {' '.join(guest.services(machine))}")
    nodes = [machine for machine in lab.always_on if machine != topology.HEAD]
    names, partitions = ",".join(nodes), "hpc,vm" if lab.remembered.vm else "hpc"
    wait = f"""
        for attempt in $(seq 240); do
            usable=$(timeout 5 sinfo -h -N -p {partitions} -n {names} -t idle,mixed,alloc -o %N 2>/dev/null | wc -l)
            if [ "$usable" = {len(nodes)} ]; then
                for partition in {partitions.replace(",", " ")}; do
                    timeout 30 srun -p $partition -t 1 hostname || exit
                done
                exit
            fi
            [ $((attempt % 20)) = 0 ] && scontrol update nodename={names} state=resume 2>/dev/null
            sleep 0.25
        done
        sinfo -h -N -p {partitions} -o '%N is %T, %E.'; exit 1
    """
    answer = ssh.run(lab, topology.HEAD, wait)
    if answer.returncode != 0:
        failed = [f"{unit} on {machine} has ended." for machine in lab.always_on for unit in _ended(lab, machine)]
        raise LabError(
            f"Slurm runs no job in lab {lab.name}; its logs are in /var/log/slurm on each machine "
            f"(`bin/lab exec --name {lab.name} head`). {' '.join([*failed, *(answer.stdout + answer.stderr).split()])}"
        )


def _ended(lab: state.Lab, machine: str) -> list[str]:
    """The services of a machine that do not run."""
    units = guest.services(machine)
    states = ssh.run(lab, machine, f"systemctl is-active {' '.join(units)}").stdout.split()
    return [unit for unit, state_ in zip(units, states, strict=False) if state_ != "active"]
