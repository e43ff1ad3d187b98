"""The root file system all machines of a suite share: built once, kept, never written to by a machine."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from lab import host, state
from lab.errors import LabError
from lab.progress import step

_PACKAGES = (
    # a machine
    *("systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "ca-certificates", "iproute2", "iputils-ping"),
    *("procps", "netbase", "curl", "gpg", "less", "xz-utils", "bzip2"),
    # what Ansible and Python programs need on a target
    *("python3", "python3-venv", "python3-apt"),
    # Slurm; every machine has all of it, its role decides what is started
    *("munge", "slurmctld", "slurmd", "slurmdbd", "slurmrestd", "slurm-client", "slurm-wlm-jwt-plugin"),
    "mariadb-server",
)

# Run inside the new root file system. What a machine needs is enabled when it is made (lab/guest.py).
_CUSTOMISE = """
set -eu
update-ca-certificates >/dev/null 2>&1
systemctl disable --quiet slurmctld slurmd slurmdbd slurmrestd mariadb munge
systemctl enable --quiet systemd-networkd ssh
systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    e2scrub_reap.service fstrim.timer systemd-resolved.service systemd-timesyncd.service
groupadd --gid 2001 alice && useradd --uid 2001 --gid 2001 --create-home --shell /bin/bash alice
groupadd --gid 2002 bob && useradd --uid 2002 --gid 2002 --create-home --shell /bin/bash bob
useradd --system --no-create-home --shell /usr/sbin/nologin slurmrestd
install -d -o slurm -g slurm -m 0755 /var/lib/slurm/slurmctld /var/log/slurm /etc/slurm
install -d -m 0755 /var/lib/slurm/slurmd
rm -f /etc/ssh/ssh_host_* /etc/munge/munge.key /etc/resolv.conf
: > /etc/machine-id
echo LANG=C.UTF-8 > /etc/default/locale
"""

# A small database: the lab's accounting holds thousands of jobs, and head should leave the host its memory.
_MARIADB_CONF = """[mariadb]
innodb_buffer_pool_size = 64M
innodb_log_file_size = 16M
innodb_lock_wait_timeout = 900
performance_schema = OFF
skip_name_resolve = ON
"""


def apt_mirror() -> str | None:
    """The Debian mirror asked for with $LAB_APT_MIRROR; None leaves the choice to mmdebstrap."""
    return os.environ.get("LAB_APT_MIRROR") or None


def name(suite: str) -> str:
    """The name of the image that a suite, the package list and the site's settings call for."""
    return name_after(suite, *_PACKAGES, _CUSTOMISE, _MARIADB_CONF)


def name_after(suite: str, *ingredients: str) -> str:
    """A name that changes with each ingredient, and with the settings of the site that all images take in."""
    site = [apt_mirror() or "", *host.apt_proxy_lines()]
    site += [certificate.read_text(errors="replace") for certificate in host.local_ca_certificates()]
    return f"{suite}-{hashlib.sha256(chr(0).join([suite, *ingredients, *site]).encode()).hexdigest()[:12]}"


def folder(image: str) -> Path:
    """Where an image of this name is, or will be."""
    return state.home() / "images" / image


def ensure(suite: str) -> str:
    """Return the name of the image of a suite, after building it when it is not there yet (about a minute)."""
    image = name(suite)
    with state.locked(f"image-{image}"):
        if not folder(image).exists():
            with step(f"building the {suite} image with mmdebstrap, once"):
                _build(suite, folder(image))
            _remove_superseded(suite)
    return image


def _build(suite: str, target: Path) -> None:
    """Build beside `target` and move it there when it is complete."""
    unfinished = target.with_name(target.name + ".unfinished")
    bootstrap(suite, _PACKAGES, unfinished)
    certificates = unfinished / "usr/local/share/ca-certificates"
    for number, certificate in enumerate(host.local_ca_certificates()):
        shutil.copyfile(certificate, certificates / f"host-{number}.crt")
    (unfinished / "etc/mysql/mariadb.conf.d/90-lab.cnf").write_text(_MARIADB_CONF)
    host.run(["chroot", unfinished, "/bin/sh"], stdin=_CUSTOMISE)
    unfinished.rename(target)


def bootstrap(suite: str, packages: Sequence[str], target: Path, *options: str) -> None:
    """Build a root file system of a suite with these packages in `target`, in place of what is there."""
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    apt_options = ['Acquire::Check-Valid-Until "false"', 'APT::Install-Recommends "false"', *host.apt_proxy_lines()]
    host.run(
        [
            "mmdebstrap",
            "--variant=minbase",
            *(f"--aptopt={option}" for option in apt_options),
            *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "locale", "man")),
            f"--include={','.join(packages)}",
            *options,
            suite,
            target,
            *filter(None, [apt_mirror()]),
        ]
    )


def _remove_superseded(suite: str) -> None:
    """Remove older images of a suite that no lab stands on."""
    needed = {name(suite), *(lab.remembered.image for lab in state.existing_labs())}
    for old in folder("").glob(f"{suite}-*"):
        if old.name not in needed and not old.name.endswith(".unfinished"):
            shutil.rmtree(old)


def debian_mirror(image: str) -> str:
    """The mirror an image was built from, as its own apt sources name it."""
    sources = (folder(image) / "etc/apt/sources.list").read_text()
    match = re.search(r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)", sources, re.MULTILINE)
    if match is None:
        raise LabError(
            f"{image} names no Debian mirror in /etc/apt/sources.list: `bin/lab down --purge` and start over."
        )
    return match.group(1)
