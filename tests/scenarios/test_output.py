"""A plan's folder: all or nothing, whatever goes wrong on the way."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

from geodata.faults import InputError
from scenarios.output import MAP, PLAN, PROBLEM, WORKBOOK, check_output_folder, write_plan


def note(text: str):
    def write(_plan, path: Path, _lang: str) -> None:
        path.write_text(text, encoding="utf-8")

    return write


def fails_with(code: int):
    def write(_plan, path: Path, _lang: str) -> None:
        path.write_text("half", encoding="utf-8")
        raise OSError(code, os.strerror(code), str(path))

    return write


GOOD = {MAP: note("map"), WORKBOOK: note("book")}


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }  # fmt: skip


def left_over(folder: Path) -> list[str]:
    return [one.name for one in folder.parent.iterdir() if one.name.startswith(".")]


def test_files_of_several_streams_stand_in_folders_of_their_own(small_plan, tmp_path):
    files = write_plan(small_plan, tmp_path / "out", writers=GOOD)
    assert [one.name for one in files[:2]] == [MAP, WORKBOOK]
    assert {one.parent.name for one in files[2:]} == set(small_plan.streams)
    assert all(one.is_file() for one in files)
    assert left_over(tmp_path / "out") == []


def test_one_stream_stands_in_the_folder_itself(small_plan, tmp_path):
    from dataclasses import replace

    stream = "construction_waste"
    one = replace(small_plan, streams={stream: small_plan.streams[stream]})
    write_plan(one, tmp_path / "a" / "b", writers=GOOD)
    assert (tmp_path / "a" / "b" / PLAN).is_file()


def test_a_new_plan_replaces_the_old_one_whole(small_plan, tmp_path):
    from dataclasses import replace

    out = tmp_path / "out"
    write_plan(small_plan, out, writers=GOOD)
    stream = "construction_waste"
    write_plan(
        replace(small_plan, streams={stream: small_plan.streams[stream]}), out,
        writers={MAP: note("new")},
    )  # fmt: skip
    assert sorted(everything(out)) == [MAP, PLAN, PROBLEM]  # nothing of the five streams is left


def test_files_of_others_in_the_folder_stay(small_plan, tmp_path):
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    write_plan(small_plan, tmp_path, writers=GOOD)
    write_plan(small_plan, tmp_path, writers={MAP: note("second")})
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "keep"
    assert (tmp_path / MAP).read_text(encoding="utf-8") == "second"


def test_a_folder_inside_one_that_is_not_ours(small_plan, tmp_path):
    from dataclasses import replace

    mount = tmp_path / "above" / "volume"
    mount.mkdir(parents=True)
    mount.parent.chmod(0o555)
    try:
        write_plan(small_plan, mount, writers=GOOD)
        stream = "construction_waste"
        one = replace(small_plan, streams={stream: small_plan.streams[stream]})
        write_plan(one, mount, writers=GOOD)
    finally:
        mount.parent.chmod(0o755)
    assert sorted(everything(mount)) == [MAP, PLAN, WORKBOOK, PROBLEM]
    assert [one.name for one in mount.iterdir() if one.is_dir()] == []


@pytest.mark.parametrize(("code", "says"), [
    (errno.ENOSPC, "the disk is full"), (errno.EDQUOT, "the disk is full"),
    (errno.EACCES, "may not be written"), (errno.EROFS, "may not be written"),
    (errno.EIO, "cannot be written"),
])  # fmt: skip
def test_a_writer_that_fails_leaves_the_old_plan(small_plan, tmp_path, code, says):
    out = tmp_path / "out"
    write_plan(small_plan, out, writers=GOOD)
    before = everything(out)
    with pytest.raises(InputError, match=says):
        write_plan(small_plan, out, writers={MAP: note("new"), WORKBOOK: fails_with(code)})
    assert everything(out) == before
    assert left_over(out) == []


def test_ctrl_c_while_writing_leaves_the_old_plan(small_plan, tmp_path):
    out = tmp_path / "out"
    write_plan(small_plan, out, writers=GOOD)
    before = everything(out)

    def interrupted(_plan, _path, _lang):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_plan(small_plan, out, writers={MAP: note("new"), WORKBOOK: interrupted})
    assert everything(out) == before
    assert left_over(out) == []


def test_a_fault_of_the_program_is_not_hidden_as_one_of_the_disk(small_plan, tmp_path):
    def wrong(_plan, _path, _lang):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_plan(small_plan, tmp_path / "out", writers={MAP: wrong})


def test_read_only_folders_and_files_in_the_way_are_told_before_the_work(tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    try:
        for folder in (locked, locked / "deeper" / "out"):
            with pytest.raises(InputError, match="may not be written"):
                check_output_folder(folder)
    finally:
        locked.chmod(0o755)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="is a file"):
        check_output_folder(tmp_path / "file")
    with pytest.raises(InputError, match=r"is a file|cannot be written"):
        check_output_folder(tmp_path / "file" / "out")
    check_output_folder(tmp_path / "fresh" / "out")
    assert not (tmp_path / "fresh").exists()


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 64 KiB, where the machine lets us have one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a file system of our own cannot be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_is_really_full(small_plan, small_disk, monkeypatch):
    with pytest.raises(InputError, match="the disk is full"):
        check_output_folder(small_disk / "out")
    monkeypatch.setattr("scenarios.output.LEAST_FREE_BYTES", 0)
    with pytest.raises(InputError, match="the disk is full"):
        write_plan(small_plan, small_disk / "out", writers={MAP: note("x" * 200_000)})
    assert list(small_disk.iterdir()) == []
