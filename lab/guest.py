"""What makes a copy of the image one particular machine: the files in it and the services it starts."""

from __future__ import annotations

import os
import secrets
import uuid
from dataclasses import dataclass
from pathlib import Path

from lab import grafana, host, mirror, nvidia, packages, slurm, state, topology

# Device nodes live in a tmpfs of the machine, so they are made at each start. /dev/null stands in for a GPU.
_MAKE_GPUS = (
    f"for gpu in $(seq 0 {topology.GPUS_PER_NODE - 1}); do "
    "[ -c /dev/nvidia$gpu ] || mknod -m 0666 /dev/nvidia$gpu c 1 3; done"
)

_SLURMD_SETTINGS = "/etc/systemd/system/slurmd.service.d/lab.conf"

# Runs before slurmdbd: MariaDB lets the system account slurm in without a password.
_DATABASE = """#!/bin/sh
# Written by bin/lab. Makes Slurm's accounting database; harmless when it is there.
exec mariadb -e "CREATE DATABASE IF NOT EXISTS slurm_acct_db;
    CREATE USER IF NOT EXISTS slurm@localhost IDENTIFIED VIA unix_socket;
    GRANT ALL ON slurm_acct_db.* TO slurm@localhost;"
"""

# Runs before slurmctld, once in the life of a head: later starts must not depend on slurmdbd.
_ACCOUNTING = f"""#!/bin/sh
# Written by bin/lab. Registers the cluster, an account and its users with slurmdbd.
done=/var/lib/slurm/slurmctld/lab-accounting.done
[ -e $done ] && exit 0
for attempt in $(seq 120); do
    timeout 5 sacctmgr -n list cluster >/dev/null 2>&1 && break
    sleep 0.25
done
timeout 20 sacctmgr -i -Q add cluster {topology.CLUSTER_NAME}
timeout 20 sacctmgr -i -Q add account research description=lab organization=lab
timeout 20 sacctmgr -i -Q add user root,alice,bob account=research
touch $done
"""


def _power_program(direction: str) -> str:
    """A ResumeProgram or SuspendProgram: one request file per node, complete before it gets its final name."""
    return f"""#!/bin/sh
# Written by bin/lab. $1 is Slurm's host list; the lab's helper on the host carries the request out.
for node in $(scontrol show hostnames "$1"); do
    request=$(date +%s%N).{direction}.$node
    : > {slurm.POWER_FOLDER}/.$request && mv {slurm.POWER_FOLDER}/.$request {slurm.POWER_FOLDER}/$request
done
"""


_SLURMRESTD_UNIT = """[Service]
User=slurmrestd
Group=slurmrestd
ExecStart=
ExecStart=/usr/sbin/slurmrestd $SLURMRESTD_OPTIONS 0.0.0.0:6820
Environment=SLURM_JWT=daemon
Restart=on-failure
RestartSec=2
"""


@dataclass(frozen=True)
class File:
    """A file of a machine. `owner` is an account of the machine, not of the host."""

    content: str | bytes
    mode: int = 0o644
    owner: str = "root"


def create_secrets(lab: state.Lab) -> None:
    """Make the keys all machines of a lab share, and an SSH host key for each. Existing ones stay."""
    lab.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, size in (("munge.key", 128), ("jwt_hs256.key", 32)):
        path = lab.secrets / name
        if not path.exists():
            path.write_bytes(secrets.token_bytes(size))
            path.chmod(0o600)
    lab.ssh_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _ssh_key(lab.ssh_key, f"bin/lab {lab.name}")
    known = []
    for machine in lab.machines:
        key = _host_key(lab, machine)
        _ssh_key(key, machine)
        known.append(f"{machine},{lab.address(machine)} {key.with_suffix('.pub').read_text().rsplit(' ', 1)[0]}\n")
    lab.known_hosts.write_text("".join(known))
    lab.ssh_config.write_text(_ssh_config(lab))


def _ssh_key(path: Path, comment: str) -> None:
    if not path.exists():
        host.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path])


def _host_key(lab: state.Lab, machine: str) -> Path:
    """The host key of a machine. It outlives the machine, as a CLOUD node is made anew at each power-up."""
    return lab.ssh_folder / f"host_{machine}"


def _ssh_config(lab: state.Lab) -> str:
    blocks = [f"Host {machine}\n    HostName {lab.address(machine)}\n" for machine in lab.machines]
    blocks.append(
        f"Host *\n    User root\n    IdentityFile {lab.ssh_key}\n    IdentitiesOnly yes\n"
        f"    UserKnownHostsFile {lab.known_hosts}\n    GlobalKnownHostsFile /dev/null\n    LogLevel ERROR\n"
        "    ConnectTimeout 10\n    ServerAliveInterval 15\n"
    )
    return "\n".join(blocks)


def services(machine: str) -> list[str]:
    """The units a machine starts at boot, in the order they depend on each other."""
    if machine == topology.HEAD:
        return ["munge", "mariadb", "slurmdbd", "slurmctld", "slurmrestd"]
    return ["munge", "slurmd"]


def files(lab: state.Lab, machine: str) -> dict[str, File]:
    """Everything bin/lab writes into a machine: path -> File."""
    subnet = lab.subnet
    found = {
        "/etc/hostname": File(machine + "\n"),
        "/etc/machine-id": File(uuid.uuid4().hex + "\n", 0o444),
        "/etc/hosts": File(hosts_file(lab)),
        "/etc/resolv.conf": File("".join(f"nameserver {server}\n" for server in host.name_servers())),
        # Sorts before systemd's own 80-container-host0.network.
        "/etc/systemd/network/10-lab.network": File(
            f"[Match]\nName={'en*' if machine == topology.VM else 'host0'}\n\n"
            f"[Network]\nAddress={lab.address(machine)}/{subnet.prefixlen}\nGateway={topology.gateway(subnet)}\n"
            "LinkLocalAddressing=no\nIPv6AcceptRA=no\n"
        ),
        "/etc/ssh/ssh_host_ed25519_key": File(_host_key(lab, machine).read_bytes(), 0o600),
        "/etc/ssh/ssh_host_ed25519_key.pub": File(_host_key(lab, machine).with_suffix(".pub").read_bytes()),
        "/root/.ssh/authorized_keys": File(lab.ssh_key.with_suffix(".pub").read_text(), 0o600),
        "/etc/munge/munge.key": File((lab.secrets / "munge.key").read_bytes(), 0o400, "munge"),
        "/etc/pip.conf": File(_pip_conf()),
        "/etc/environment": File("".join(f"{key}={value}\n" for key, value in host.proxy_environment().items())),
        "/etc/apt/apt.conf.d/90lab": File(
            "\n".join([*host.apt_proxy_lines(), 'Acquire::Check-Valid-Until "false";', ""]),
        ),
    }
    found |= _slurm_files(lab, machine)
    return found | (_head_files(lab) if machine == topology.HEAD else _node_files(lab, machine))


def _slurm_files(lab: state.Lab, machine: str) -> dict[str, File]:
    """Slurm's settings: the same on all machines, but that only a virtual machine has control groups for its jobs."""
    decided = lab.remembered
    has_cgroups = machine == topology.VM
    slurm_conf = slurm.slurm_conf(decided.suite, lab.subnet, vm=decided.vm, has_cgroups=has_cgroups)
    return {
        "/etc/slurm/slurm.conf": File(slurm_conf),
        "/etc/slurm/cgroup.conf": File(slurm.cgroup_conf(decided.suite, has_cgroups=has_cgroups)),
    }


def _head_files(lab: state.Lab) -> dict[str, File]:
    return {
        **{path: File(template) for path, template in mirror.templates().items()},
        "/etc/apt/sources.list.d/grafana-stand-in.list": File(grafana.repository().sources(lab)),
        "/etc/apt/apt.conf.d/91stand-ins": File(packages.apt_settings(lab)),
        "/etc/slurm/gres.conf": File(slurm.NO_GRES_CONF),
        "/etc/slurm/slurmdbd.conf": File(slurm.slurmdbd_conf(), 0o600, "slurm"),
        slurm.JWT_KEY: File((lab.secrets / "jwt_hs256.key").read_bytes(), 0o600, "slurm"),
        slurm.RESUME_PROGRAM: File(_power_program("up"), 0o755),
        slurm.SUSPEND_PROGRAM: File(_power_program("down"), 0o755),
        "/usr/local/sbin/lab-database": File(_DATABASE, 0o755),
        "/usr/local/sbin/lab-accounting": File(_ACCOUNTING, 0o755),
        "/etc/systemd/system/slurmdbd.service.d/lab.conf": File(
            "[Service]\nExecStartPre=+/usr/local/sbin/lab-database\n"
        ),
        "/etc/systemd/system/slurmctld.service.d/lab.conf": File(
            "[Unit]\nAfter=slurmdbd.service\n\n[Service]\nExecStartPre=-/usr/local/sbin/lab-accounting\n"
        ),
        "/etc/systemd/system/slurmrestd.service.d/lab.conf": File(_SLURMRESTD_UNIT),
    }


def _node_files(lab: state.Lab, machine: str) -> dict[str, File]:
    if machine == topology.VM:
        # Its image may be baked from a node that makes itself GPUs.
        return {"/etc/slurm/gres.conf": File(slurm.NO_GRES_CONF), _SLURMD_SETTINGS: File("")}
    found = {
        "/etc/slurm/gres.conf": File(slurm.gres_conf()),
        _SLURMD_SETTINGS: File(f"[Service]\nExecStartPre=+/bin/sh -c '{_MAKE_GPUS}'\n"),
        "/etc/apt/sources.list.d/nvidia-stand-in.list": File(nvidia.repository().sources(lab)),
        "/etc/apt/apt.conf.d/91stand-ins": File(packages.apt_settings(lab)),
    }
    if machine in topology.CLOUD_NODES:
        # A machine shares the host's uptime; -b reports a fresh boot, which Slurm waits for after a power-up.
        found["/etc/default/slurmd"] = File('SLURMD_OPTIONS="-b"\n')
    return found


def hosts_file(lab: state.Lab) -> str:
    """/etc/hosts of every machine. CLOUD nodes that never boot have an address too, as in a real cloud network."""
    names = (*lab.always_on, *topology.CLOUD_NODES)
    lines = ["127.0.0.1 localhost", *(f"{lab.address(name)} {name}" for name in names)]
    return "\n".join(lines) + "\n"


def _pip_conf() -> str:
    """pip trusts what the machine trusts, and asks where the host asks."""
    settings = {"cert": "/etc/ssl/certs/ca-certificates.crt", **host.pip_settings()}
    return "[global]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items())


def write(root: Path, wanted: dict[str, File]) -> None:
    """Write files into the root file system of a machine that is not running."""
    accounts = _accounts(root)
    for path, file in wanted.items():
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        content = file.content.encode() if isinstance(file.content, str) else file.content
        target.unlink(missing_ok=True)
        # Never readable by others, not even for the moment before the mode is set.
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(content)
            os.fchmod(handle.fileno(), file.mode)
            os.fchown(handle.fileno(), *accounts[file.owner])


def _accounts(root: Path) -> dict[str, tuple[int, int]]:
    """name -> (uid, gid) of the accounts of a root file system."""
    lines = (root / "etc/passwd").read_text().splitlines()
    return {fields[0]: (int(fields[2]), int(fields[3])) for fields in (line.split(":") for line in lines)}
