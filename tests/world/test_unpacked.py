"""Files that are read line by line, packed or not."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from usched.words.problems import EnvironmentFailed, Refused, format_problem
from usched.world.unpacked import open_lines

TEXT = b"one\r\n\ntwo \xff\n" + b"x" * 70_000 + b"\nlast"
LINES = [
    "one\r\n", "\n", "two \N{REPLACEMENT CHARACTER}\n", "x" * 65_536, "x" * 4_464 + "\n", "last"
]  # fmt: skip


def lines_of(path: Path) -> list[str]:
    with open_lines(str(path), "trace") as (label, lines):
        assert label == str(path)
        return list(lines)


def refusal(path: Path) -> str:
    with pytest.raises((Refused, EnvironmentFailed)) as caught:
        lines_of(path)
    return "\n".join(map(format_problem, caught.value.problems)).replace(str(path), "FILE")


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_lines_of_a_file_whatever_its_name(tmp_path: Path, pack: type) -> None:
    path = tmp_path / "trace.txt"
    path.write_bytes(pack(TEXT))
    assert lines_of(path) == LINES


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_error_cut_short(tmp_path: Path, pack: type) -> None:
    path = tmp_path / "t"
    path.write_bytes(pack(TEXT)[:-9])
    assert refusal(path) == "trace FILE cannot be unpacked: it is cut short"


def test_error_damaged(tmp_path: Path) -> None:
    path = tmp_path / "t"
    packed = bytearray(gzip.compress(TEXT * 9))
    packed[40] ^= 255
    path.write_bytes(packed)
    assert refusal(path).startswith("trace FILE cannot be unpacked: ")
    path.write_bytes(b"\xfd7zXZ\0" + b"?" * 100)
    assert refusal(path).startswith("trace FILE cannot be unpacked: ")
    path.write_bytes(b"BZh9" + b"?" * 100)
    assert refusal(path).startswith("trace FILE cannot be unpacked: ")


@pytest.mark.skipif(shutil.which("zstd") is None, reason="zstd is not installed")
def test_zstd_is_unpacked_by_python_or_by_zstd(tmp_path: Path) -> None:
    text = b"".join(b"line %d\n" % number for number in range(100_000))  # more than a pipe takes
    packed = tmp_path / "z"
    packed.write_bytes(subprocess.run(["zstd", "-qc"], input=text, stdout=-1, check=True).stdout)
    assert lines_of(packed) == text.decode().splitlines(keepends=True)
    packed.write_bytes(packed.read_bytes()[:-9])
    assert refusal(packed).startswith("trace FILE cannot be unpacked: it is cut short")
    with open_lines(str(packed), "trace") as (_, lines):
        assert next(lines) == "line 0\n"  # and zstd is not left behind


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python unpacks it")
def test_error_zstd_without_zstd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = tmp_path / "z"
    packed.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(20))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refusal(packed) == (
        "FILE is compressed by zstd, which this Python does not unpack\n"
        "  type: zstd -dc FILE | usched import -"
    )


@pytest.mark.parametrize(
    ("begins", "kind", "remedy"),
    [
        (b"PERFILE2\0\0", "perf's own record", "perf script -i FILE | usched import -"),
        (b"\x17\x08\x44tracing6",
         "trace-cmd's own record", "trace-cmd report FILE | usched import -"),
        (b"PK\x03\x04", "a zip archive", "unzip -p FILE | usched import -"),
        (b"\xff\xfeb\0", "text in UTF-16", "iconv -f UTF-16 -t UTF-8 FILE | usched import -"),
    ],
)  # fmt: skip
def test_error_what_another_tool_turns_into_text(
    tmp_path: Path, begins: bytes, kind: str, remedy: str
) -> None:
    path = tmp_path / "t"
    path.write_bytes(begins)
    assert refusal(path) == f"FILE is {kind}\n  type: {remedy}"


def test_error_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "t") == "trace FILE cannot be read: No such file or directory"
    assert refusal(tmp_path) == "trace FILE cannot be read: Is a directory"
    assert "cannot be read" in refusal(Path("a\0b"))
