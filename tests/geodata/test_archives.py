from __future__ import annotations

import stat
import zipfile

import pytest

from geodata import archives
from geodata.faults import InputError


def archive_with(folder, name, data=b"x", **member):
    path = folder / "layer.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo(name)
        for key, value in member.items():
            setattr(info, key, value)
        archive.writestr(info, data)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "../evil.shp",
        "a/../../evil.shp",
        "/etc/evil.shp",
        "C:/evil.shp",
        "..\\evil.shp",
        "\\\\host\\evil.shp",
    ],
)
def test_paths_that_climb_out_are_refused_by_name(tmp_path, name):
    path = archive_with(tmp_path, name)
    with (
        pytest.raises(InputError, match="leads out of its folder"),
        archives.unpacked(path, path.name),
    ):
        pass
    assert not (tmp_path.parent / "evil.shp").exists()


def test_links_are_refused(tmp_path):
    path = archive_with(
        tmp_path, "a.shp", b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16
    )
    with pytest.raises(InputError, match="holds a link"), archives.unpacked(path, path.name):
        pass


def test_bombs_are_refused_before_anything_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_SMALL_BYTES", 1024)
    path = archive_with(tmp_path, "a.dbf", b"\0" * 1_000_000, compress_type=zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError, match="more than is read"), archives.unpacked(path, path.name):
        pass
    monkeypatch.setattr(archives, "MOST_FILES", 0)
    with pytest.raises(InputError, match="1 files"):
        archives.check_archive(archive_with(tmp_path, "a.dbf"), "layer.zip")


def test_damaged_members_and_archives(tmp_path):
    path = archive_with(tmp_path, "a.shp", bytes(range(256)) * 50)
    data = bytearray(path.read_bytes())
    data[60:80] = b"\xff" * 20
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged"), archives.unpacked(path, path.name):
        pass
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="damaged or cut short"):
        archives.check_archive(path, path.name)


def test_encrypted_members(tmp_path):
    path = archive_with(tmp_path, "a.shp")
    data = path.read_bytes()
    at = data.index(b"PK\x01\x02") + 8
    path.write_bytes(data[:at] + b"\x01" + data[at + 1 :])
    with pytest.raises(InputError, match="password"):
        archives.check_archive(path, path.name)


def test_good_members_come_out_and_go_again(tmp_path):
    with archives.unpacked(archive_with(tmp_path, "x/a.shp", b"data"), "layer.zip") as folder:
        assert (folder / "x" / "a.shp").read_bytes() == b"data"
    assert not folder.exists()


def test_gbk_names_of_windows_tools_are_restored():
    info = zipfile.ZipInfo("村庄/村庄.shp".encode("gbk").decode("cp437"))
    assert archives._member_name(info).as_posix() == "村庄/村庄.shp"
