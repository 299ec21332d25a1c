"""What the machine says of itself, on each system: made-up answers of the system's own files and programs."""

import platform
import subprocess
from types import SimpleNamespace

import pytest
import torch

from poet.benchmark.names import suggested_name
from poet.device import machine
from poet.device.machine import describe_machine, device_name, machine_in_words, processor_name
from poet.results.benchmark import Device


def answers(monkeypatch, found):
    """The programs of the system answer with the values of `found`, by their command line; others are not there."""

    def run(command, **options):
        text = found.get(" ".join(command))
        if isinstance(text, Exception):
            raise text
        return SimpleNamespace(stdout=text or "")

    programs = {line.split()[0] for line in found}
    monkeypatch.setattr(machine.shutil, "which", lambda program: program if program in programs else None)
    monkeypatch.setattr(machine.subprocess, "run", run)


def test_this_machine_describes_itself_without_the_names_of_host_and_user():
    found = describe_machine("abc1234")
    assert found.cores >= 1 and found.memory_bytes > 1e8 and found.torch == torch.__version__
    assert found.devices[-1].device == "cpu" and found.devices[-1].name == processor_name()
    assert found.commit == "abc1234"
    assert platform.node() not in (found.system, found.processor) and found.processor in machine_in_words()


def test_a_mac_tells_its_chip_its_power_and_its_memory(monkeypatch):
    monkeypatch.setattr(machine.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(machine, "present_devices", lambda: ["mps", "cpu"])
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 24 * 10**9)
    answers(
        monkeypatch,
        {
            "sysctl -n machdep.cpu.brand_string": "Apple M2 Max\n",
            "pmset -g batt": "Now drawing from 'Battery Power'",
            "pmset -g": " lowpowermode         1\n",
        },
    )
    found = describe_machine()
    assert (found.processor, found.power) == ("Apple M2 Max", "on battery, low power mode")
    assert found.devices[0] == Device(device="mps", name="Apple M2 Max GPU", memory_bytes=24 * 10**9)
    assert suggested_name(found) == "apple-m2-max-gpu"


def test_each_gpu_tells_name_memory_and_driver(monkeypatch):
    monkeypatch.setattr(machine, "present_devices", lambda: ["cuda", "cpu"])
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    card = SimpleNamespace(name="NVIDIA T4", total_memory=16 * 10**9)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: card)
    query = "nvidia-smi --query-gpu=driver_version --format=csv,noheader --id="
    answers(monkeypatch, {query + "0": "550.54.15\n", query + "1": subprocess.TimeoutExpired("nvidia-smi", 10)})
    found = describe_machine()
    assert [(device.device, device.name, device.driver) for device in found.devices[:2]] == [
        ("cuda:0", "NVIDIA T4", "550.54.15"),
        ("cuda:1", "NVIDIA T4", ""),
    ]
    assert suggested_name(found) == "2x-nvidia-t4" and device_name(torch.device("cuda:1")) == "NVIDIA T4"


@pytest.mark.parametrize(
    ("processor", "name"),
    [
        ("Intel(R) Xeon(R) CPU @ 2.20GHz", "intel-xeon-2-cores"),
        ("AMD EPYC 7763 64-Core Processor", "amd-epyc-7763-64-core-2-cores"),
        ("13th Gen Intel(R) Core(TM) i7-1360P", "13th-gen-intel-core-i7-1360p-2-cores"),
        ("aarch64", "aarch64-2-cores"),
    ],
)
def test_the_name_of_a_machine_is_readable(monkeypatch, processor, name):
    monkeypatch.setattr(machine, "present_devices", lambda: ["cpu"])
    monkeypatch.setattr(machine, "processor_name", lambda: processor)
    monkeypatch.setattr(machine.os, "cpu_count", lambda: 2)
    assert suggested_name(describe_machine()) == name


def test_linux_tells_how_it_is_powered(monkeypatch, tmp_path):
    battery = tmp_path / "supply" / "BAT0"
    battery.mkdir(parents=True)
    (battery / "type").write_text("Battery\n", encoding="ascii")
    (battery / "status").write_text("Discharging\n", encoding="ascii")
    (tmp_path / "governor").write_text("powersave\n", encoding="ascii")
    monkeypatch.setattr(machine.platform, "system", lambda: "Linux")
    monkeypatch.setattr(machine, "POWER_SUPPLIES", tmp_path / "supply")
    monkeypatch.setattr(machine, "GOVERNOR", tmp_path / "governor")
    assert machine._power() == "on battery, governor powersave"
    (battery / "status").write_text("Charging\n", encoding="ascii")
    monkeypatch.setattr(machine, "GOVERNOR", tmp_path / "none")
    assert machine._power() == ""
