"""What bin/lab's commands do with a lab: each function is one command."""

from __future__ import annotations

import ipaddress
import shlex
import shutil
import subprocess

from lab import (
    bake,
    grafana,
    guest,
    host,
    image,
    inventory,
    kernel,
    mirror,
    network,
    nvidia,
    power,
    readiness,
    ssh,
    state,
    sysctl,
    topology,
)
from lab.container import Container
from lab.errors import LabError
from lab.machine import Machine
from lab.progress import say, step
from lab.vm import VirtualMachine


def up(name: str, suite: str | None, vm: bool) -> None:
    """Bring a lab up and return when Slurm runs a job on it. On a lab that is up, put right what is not."""
    lab = state.Lab(name)
    host.require_usable()
    _refuse_another_kind(lab, suite, vm)
    vm = vm or (lab.exists and lab.remembered.vm)
    if vm:
        host.require_pc()
    host.install_tools(vm=vm)
    with state.locked(f"lab-{name}"):
        if not lab.exists:
            _create(lab, suite or topology.DEFAULT_SUITE, vm)
        if vm:
            kernel.ensure(lab.remembered.suite)
        mirror.ensure(lab.remembered.image)
        for repository in (nvidia.repository(), grafana.repository()):
            repository.ensure()
        sysctl.ensure()
        network.ensure(lab)
        guest.create_secrets(lab)
        mirror.serve(lab)
        power.start_helper(lab)
        machines = [_machine(lab, machine) for machine in lab.always_on]
        with step(f"booting {', '.join(lab.always_on)} (suite {lab.remembered.suite}, {lab.subnet})"):
            for machine in machines:
                machine.boot()
            for machine in machines:
                machine.wait_for_ssh()
        with step("waiting for Slurm to run a job"):
            readiness.wait_for_slurm(lab)
        lab.inventory_file.write_text(inventory.render(lab))
    say(f"lab {name} is up; its inventory is {lab.inventory_file}")


def down(name: str, purge: bool) -> None:
    """Take a lab down to the last interface and rule; with `purge`, images and the release mirror too."""
    host.require_usable()
    lab = state.Lab(name)
    with state.locked(f"lab-{name}"):
        if lab.exists:
            with step(f"taking lab {name} down"):
                ssh.close_connections(lab)
                power.helper(lab).stop(patience_s=2.0)
                for machine in lab.machines:
                    _machine(lab, machine).pull_the_plug()
                mirror.stop_serving(lab)
                with state.locked("network"):
                    network.remove(lab)
                    shutil.rmtree(lab.folder)
                    if not state.existing_labs():
                        sysctl.restore()
        else:
            say(f"there is no lab {name}")
    if purge:
        _purge()


def status(name: str) -> int:
    """Print how a lab is; return 0 when all that should run does, else 1."""
    lab = _existing(name)
    remembered = lab.remembered
    print(f"lab {name}: suite {remembered.suite}, {remembered.subnet}, bridge {topology.bridge_name(name)}")
    healthy = True
    for machine in lab.machines:
        running = _machine(lab, machine).running
        healthy = healthy and (running or machine not in lab.always_on)
        print(f"  {machine:<8} {lab.address(machine):<16} {'running' if running else 'off'}")
    for helper, running in (
        ("release mirror", mirror.serving(lab)),
        ("power helper", power.helper(lab).pid is not None),
    ):
        healthy = healthy and running
        print(f"  {helper:<25} {'running' if running else 'off'}")
    if _machine(lab, topology.HEAD).running:
        print(ssh.run(lab, topology.HEAD, "timeout 10 sinfo -N -o '%10N %12P %12T %E'").stdout.rstrip())
    return 0 if healthy else 1


def list_labs() -> None:
    """Print every lab of this host."""
    for lab in state.existing_labs():
        remembered = lab.remembered
        running = [machine for machine in lab.machines if _machine(lab, machine).running]
        print(f"{lab.name}: suite {remembered.suite}, {remembered.subnet}, running: {', '.join(running) or 'nothing'}")


def bake_image(name: str, machine: str) -> None:
    """Make what is installed on a static node the image of the CLOUD nodes, and of the virtual machine.

    The node is off while it is copied; a virtual machine is made anew.
    """
    lab = _existing(name)
    if machine not in topology.STATIC_NODES:
        raise LabError(f"CLOUD nodes are baked from one of {', '.join(topology.STATIC_NODES)}, not from {machine}.")
    with state.locked(f"lab-{name}"):
        source = Container(lab, machine)
        with step(f"shutting {machine} down"):
            source.shut_down()
        with step("copying its disk"):
            bake.capture(lab, source.upper)
        with step(f"booting {machine}"):
            source.boot()
            source.wait_for_ssh()
        if lab.remembered.vm:
            with step(f"making {topology.VM} anew"):
                vm = VirtualMachine(lab, topology.VM)
                vm.pull_the_plug()
                vm.erase()
                vm.boot()
                vm.wait_for_ssh()
        with step("waiting for Slurm to run a job"):
            readiness.wait_for_slurm(lab)
    say("CLOUD nodes boot from it from their next power-up on")


def execute(name: str, machine: str, command: list[str], terminal: bool) -> int:
    """Run a command on a machine over SSH and return its exit status. No command opens a shell."""
    lab = _existing(name)
    if machine not in lab.machines:
        raise LabError(f"No machine is called {machine}: choose one of {', '.join(lab.machines)}.")
    if not _machine(lab, machine).running:
        raise LabError(f"{machine} is off: `bin/lab up` boots what should run, Slurm boots CLOUD nodes.")
    # One word is a line for the machine's shell; several words reach the command exactly as they are.
    line = command[0] if len(command) == 1 else shlex.join(command)
    argv = ["ssh", "-F", str(lab.ssh_config), *(["-t"] if terminal else []), machine, *([line] if command else [])]
    return subprocess.run(argv, check=False).returncode


def print_inventory(name: str) -> None:
    """Print the inventory of a lab."""
    print(inventory.render(_existing(name)), end="")


def _existing(name: str) -> state.Lab:
    lab = state.Lab(name)
    if not lab.exists:
        raise LabError(f"There is no lab {name} in {state.home()}: `bin/lab up --name {name}` makes one.")
    return lab


def _machine(lab: state.Lab, machine: str) -> Machine:
    return VirtualMachine(lab, machine) if machine == topology.VM else Container(lab, machine)


def _refuse_another_kind(lab: state.Lab, suite: str | None, vm: bool) -> None:
    if suite and lab.exists and lab.remembered.suite != suite:
        raise LabError(
            f"Lab {lab.name} runs {lab.remembered.suite}: take it down first (`bin/lab down --name {lab.name}`) "
            f"or give the {suite} lab another --name."
        )
    if vm and lab.exists and not lab.remembered.vm:
        raise LabError(
            f"Lab {lab.name} has no virtual machine: take it down first (`bin/lab down --name {lab.name}`) "
            "or give the lab with one another --name."
        )


def _create(lab: state.Lab, suite: str, vm: bool) -> None:
    """Decide what stays for the life of a lab: its image and its addresses."""
    host.require_overlay(state.home())
    base_image = image.ensure(suite)
    with state.locked("network"):
        others = [ipaddress.IPv4Network(other.remembered.subnet) for other in state.existing_labs()]
        subnet = topology.choose_subnet([*network.taken_networks(), *others])
        lab.remember(state.Remembered(suite, base_image, str(subnet), vm))


def _purge() -> None:
    """Remove what all labs share."""
    in_use = state.existing_labs()
    if in_use:
        raise LabError(f"Lab {in_use[0].name} still uses the images: take it down first.")
    with step(f"removing {state.home()}"):
        shutil.rmtree(state.home(), ignore_errors=True)
