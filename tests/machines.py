"""Machines as Linux shows them in /sys."""

from __future__ import annotations

from pathlib import Path


def lay_machine(root: Path, cpus: int = 8) -> Path:
    """The /sys of a machine with one socket, node and cache, and a thread a core."""
    everything = f"0-{cpus - 1}\n"
    files = {"node/node0/cpulist": everything, "cpu/present": everything, "cpu/online": everything}
    for cpu in range(cpus):
        files[f"cpu/cpu{cpu}/topology/physical_package_id"] = "0\n"
        files[f"cpu/cpu{cpu}/topology/thread_siblings_list"] = f"{cpu}\n"
        files[f"cpu/cpu{cpu}/cache/index0/type"] = "Unified\n"
        files[f"cpu/cpu{cpu}/cache/index0/level"] = "3\n"
        files[f"cpu/cpu{cpu}/cache/index0/shared_cpu_list"] = everything
    for name, text in files.items():
        path = root / "sys/devices/system" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root
