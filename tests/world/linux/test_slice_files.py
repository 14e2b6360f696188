"""Where systemd looks for slices, and what counts before what (systemd.unit(5))."""

from __future__ import annotations

from pathlib import Path

from usched.plan.slice_units import parse_slices
from usched.world.linux.slice_files import read_slices

ETC, RUN, LIB = "etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system"
CONTROL = "etc/systemd/system.control"


def put(root: Path, path: str, *settings: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(["[Slice]", *settings, ""]))


def weights(root: Path, folder: str | None = None) -> dict[str, str]:
    groups = parse_slices(read_slices(str(root), folder))
    return {path.rpartition("/")[2]: files.get("cpu.weight", "") for path, files in groups.items()}


def units(root: Path) -> set[str]:
    return {each.unit for each in read_slices(str(root), None)}


def test_a_prefix_counts_for_all_slices_whose_names_begin_so(tmp_path: Path) -> None:
    for unit in ("a.slice", "a-b.slice", "a-b-c.slice", "ab.slice"):
        put(tmp_path, f"{LIB}/{unit}")
    put(tmp_path, f"{ETC}/a-.slice.d/10-x.conf", "CPUWeight=7")
    begun = {"a-b.slice": "7", "a-b-c.slice": "7"}
    assert weights(tmp_path) == {"a.slice": "100", **begun, "ab.slice": "100"}
    put(tmp_path, f"{RUN}/a-b-.slice.d/20-x.conf", "CPUWeight=8")
    assert weights(tmp_path)["a-b-c.slice"] == "8"
    assert weights(tmp_path)["a-b.slice"] == "7"


def test_files_count_by_their_names_and_of_one_name_the_first_place(tmp_path: Path) -> None:
    """As systemd 252 in the guest did it: a folder's prefixes come before the next folder."""
    put(tmp_path, f"{ETC}/three-x.slice")
    put(tmp_path, f"{ETC}/three-.slice.d/10-a.conf", "CPUWeight=20")
    put(tmp_path, f"{RUN}/three-x.slice.d/10-a.conf", "CPUWeight=30")
    put(tmp_path, f"{RUN}/three-x.slice.d/09-a.conf", "CPUWeight=40")
    put(tmp_path, f"{ETC}/slice.d/11-all.conf", "CPUQuota=50%")
    assert weights(tmp_path)["three-x.slice"] == "20"
    put(tmp_path, f"{CONTROL}/three-x.slice.d/50-CPUWeight.conf", "CPUWeight=60")
    assert weights(tmp_path)["three-x.slice"] == "60"
    put(tmp_path, f"{ETC}/slice.d/99-all.conf", "CPUWeight=70")
    assert weights(tmp_path)["three-x.slice"] == "70"


def test_a_slice_is_there_by_what_is_dropped_in_for_it_alone(tmp_path: Path) -> None:
    put(tmp_path, f"{CONTROL}/new.slice.d/50-CPUWeight.conf", "CPUWeight=9")
    put(tmp_path, f"{ETC}/nobody-.slice.d/x.conf", "CPUWeight=9")
    assert weights(tmp_path) == {"new.slice": "9"}


def test_a_slice_that_is_masked_is_none(tmp_path: Path) -> None:
    put(tmp_path, f"{LIB}/gone.slice", "CPUWeight=9")
    put(tmp_path, f"{LIB}/kept.slice", "CPUWeight=9")
    put(tmp_path, f"{LIB}/kept.slice.d/x.conf", "CPUWeight=8")
    (tmp_path / ETC).mkdir(parents=True)
    (tmp_path / ETC / "gone.slice").symlink_to("/dev/null")
    (tmp_path / ETC / "kept.slice").symlink_to("nowhere")
    assert weights(tmp_path) == {"kept.slice": "8"}
    dropped = tmp_path / ETC / "kept.slice.d"
    dropped.mkdir()
    (dropped / "x.conf").symlink_to("/dev/null")
    assert weights(tmp_path) == {"kept.slice": "9"}


def test_a_folder_that_is_named_is_the_only_one(tmp_path: Path) -> None:
    put(tmp_path, f"{LIB}/other.slice", "CPUWeight=9")
    put(tmp_path, "units/mine-a.slice", "CPUWeight=9")
    put(tmp_path, "units/mine-.slice.d/x.conf", "CPUWeight=8")
    assert weights(tmp_path, str(tmp_path / "units"))["mine-a.slice"] == "8"
    assert units(tmp_path) == {"other.slice"}
