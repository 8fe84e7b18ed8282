"""Files are complete or not there, in a folder and elsewhere."""

from __future__ import annotations

import pytest

from scenarios.store.artefacts import ArtefactStore


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "made"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.txt").write_text("one")
    (folder / "inner" / "b.txt").write_text("two")
    return folder


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    return ArtefactStore(str(tmp_path / "kept") if request.param == "folder" else "memory://kept")


def test_a_folder_is_published_whole_and_fetched(store, made, tmp_path):
    found = store.publish(made, "runs/x/1")
    assert {name: one.size for name, one in found.items()} == {"a.txt": 3, "inner/b.txt": 3}
    with store.open("runs/x/1/inner/b.txt") as stream:
        assert stream.read() == b"two"
    store.fetch("runs/x/1/a.txt", tmp_path / "here" / "a.txt")
    assert (tmp_path / "here" / "a.txt").read_text() == "one"
    store.publish(made, "runs/x/1")  # again
    store.remove("runs/x/1")
    assert not store.exists("runs/x/1")


def test_what_breaks_on_the_way_leaves_nothing(tmp_path, made, monkeypatch):
    store = ArtefactStore(str(tmp_path / "kept"))

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("scenarios.store.artefacts._copied", full)
    with pytest.raises(OSError, match="No space"):
        store.publish(made, "runs/x/1")
    assert [one for one in (tmp_path / "kept").rglob("*") if one.is_file()] == []
    assert not store.exists("runs/x/1")


def test_half_made_folders_of_a_killed_server_are_swept(tmp_path, made):
    store = ArtefactStore(str(tmp_path / "kept"))
    store.publish(made, "runs/x/1")
    store.publish(made, "runs/y/1")
    (tmp_path / "kept" / "runs" / "x" / ".part-1").mkdir()
    store.sweep({"runs/x/1": "x"})
    assert store.exists("runs/x/1/a.txt")
    assert not store.exists("runs/y/1")
    assert not store.exists("runs/x/.part-1")


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/etc/passwd", "", "a\0b"])
def test_a_key_cannot_lead_out(store, key):
    with pytest.raises(FileNotFoundError):
        store.exists(key)
