"""What the lab needs of the host it runs on: root, Linux, apt, some packages; and what guests take over from it."""

from __future__ import annotations

import configparser
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lab.errors import LabError
from lab.progress import say, step

Finished = subprocess.CompletedProcess[str]

# command -> package that brings it
_TOOLS = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "iptables": "iptables",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "dpkg-deb": "dpkg",
    "sysctl": "procps",
}
_VM_TOOLS = {"qemu-system-x86_64": "qemu-system-x86", "mke2fs": "e2fsprogs"}
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_LOCAL_CAS = Path("/usr/local/share/ca-certificates")


def run(argv: Sequence[str | Path], *, stdin: str | None = None, check: bool = True) -> Finished:
    """Run a command of the host and return it with its output; raise LabError with its last words when it fails."""
    result = subprocess.run(
        [str(word) for word in argv], input=stdin, capture_output=True, text=True, errors="replace", check=False
    )
    if check and result.returncode != 0:
        words = (result.stderr or result.stdout).strip().splitlines()
        command = " ".join(map(str, argv))
        raise LabError(f"`{command}` failed ({result.returncode}): {' '.join(words[-3:]) or 'it said nothing'}")
    return result


def require_usable() -> None:
    """Raise LabError, before anything was changed, when this host cannot carry a lab."""
    if sys.platform != "linux":
        raise LabError(
            f"The lab needs Linux (namespaces, overlayfs, bridges), and this is {sys.platform}: use a Linux VM."
        )
    if os.geteuid() != 0:
        raise LabError("The lab boots machines and sets up a bridge, which takes root: run it with sudo.")
    if shutil.which("apt-get") is None:
        raise LabError(
            "The lab installs what it needs with apt-get, which this host lacks: use Debian 12, 13 or Ubuntu."
        )


def require_pc() -> None:
    """Raise LabError when a virtual machine could not run what is in the image: it is a PC, whatever the host is."""
    if platform.machine() != "x86_64":
        raise LabError(f"The lab's virtual machine is an x86-64 one, and this host is {platform.machine()}.")


def install_tools(*, vm: bool) -> None:
    """Install the packages whose tools are missing, after saying so; with `vm` those of a virtual machine too."""
    tools = _TOOLS | (_VM_TOOLS if vm else {})
    missing = sorted({package for tool, package in tools.items() if shutil.which(tool) is None})
    if not _KEYRING.exists():
        missing.append("debian-archive-keyring")
    if not missing:
        return
    with step(f"installing {', '.join(missing)} on this host (apt-get)"):
        install = [
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "install",
            "-y",
            "--no-install-recommends",
            *missing,
        ]
        if run(install, check=False).returncode != 0:
            say("the package lists may be old: apt-get update")
            run(["apt-get", "update"])
            run(install)


def mount_overlay(target: Path, *, lower: Sequence[Path], upper: Path, work: Path) -> None:
    """Mount an overlay of existing folders; `lower` has the uppermost layer first."""
    options = f"lowerdir={':'.join(map(str, lower))},upperdir={upper},workdir={work}"
    if run(["mount", "-t", "overlay", "overlay", "-o", options, target], check=False).returncode != 0:
        raise LabError(
            f"overlayfs cannot write to {upper} (is it itself on an overlay, as in a container?): "
            "set LAB_HOME to a folder on ext4 or xfs."
        )


def require_overlay(folder: Path) -> None:
    """Raise LabError, before anything is built, when machines could not have their disks in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="probe-") as probe:
        lower, upper, work, target = (Path(probe, name) for name in ("lower", "upper", "work", "target"))
        for part in (lower, upper, work, target):
            part.mkdir()
        mount_overlay(target, lower=[lower], upper=upper, work=work)
        run(["umount", target])


def local_ca_certificates() -> list[Path]:
    """Certificates the site added to this host, which its guests must trust too."""
    return sorted(_LOCAL_CAS.glob("**/*.crt"))


def apt_proxy_lines() -> list[str]:
    """apt's proxy settings of this host, in apt.conf syntax."""
    dump = run(["apt-config", "dump"]).stdout.splitlines()
    return [line for line in dump if re.match(r"Acquire::(http|https|ftp)::Proxy", line)]


def pip_settings() -> dict[str, str]:
    """Where this host's pip looks for packages: from its environment, else from its site-wide file."""
    site = configparser.ConfigParser(interpolation=None)
    site.read("/etc/pip.conf")
    found = {}
    for key in ("index-url", "extra-index-url", "proxy", "trusted-host"):
        variable = "PIP_" + key.upper().replace("-", "_")
        value = os.environ.get(variable) or site.get("global", key, fallback="")
        if value:
            found[key] = " ".join(value.split())
    return found


def proxy_environment() -> dict[str, str]:
    """The proxy variables of this host's environment, in both spellings as found."""
    names = ("http_proxy", "https_proxy", "no_proxy")
    return {key: value for key, value in os.environ.items() if key.lower() in names and value}


def name_servers() -> list[str]:
    """Resolvers that guests can reach: those of this host, without loopback ones."""
    for candidate in ("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"):
        try:
            text = Path(candidate).read_text()
        except OSError:
            continue
        servers = re.findall(r"^nameserver\s+(\S+)", text, re.MULTILINE)
        reachable = [server for server in servers if not server.startswith("127.") and server != "::1"]
        if reachable:
            return reachable
    raise LabError(
        "No resolver in /etc/resolv.conf that guests could reach: add a nameserver that is not a loopback one."
    )
