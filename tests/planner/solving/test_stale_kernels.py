"""Machine code goes when any kernel's source has changed, and only then."""

from __future__ import annotations

from planner.solving.stale_kernels import forget_stale_kernels


def compiled(folder, name):
    (folder / "__pycache__").mkdir(parents=True, exist_ok=True)
    kept = [folder / "__pycache__" / f"{name}.{end}" for end in ("nbi", "1.nbc")]
    for one in kept:
        one.write_bytes(b"machine code")
    return kept


def test_a_change_in_one_kernel_forgets_all_of_them(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "one.py").write_text("@njit\ndef one(): return two()\n")
    (inner / "two.py").write_text("@njit\ndef two(): return 1\n")
    (tmp_path / "plain.py").write_text("x = 1\n")
    kept = compiled(tmp_path, "one") + compiled(inner, "two")
    assert forget_stale_kernels(tmp_path) == 4  # nobody knows what these were compiled from
    kept = compiled(tmp_path, "one") + compiled(inner, "two")
    (tmp_path / "plain.py").write_text("x = 2\n")
    assert forget_stale_kernels(tmp_path) == 0
    assert all(one.exists() for one in kept)
    (inner / "two.py").write_text("@njit\ndef two(): return 2\n")
    assert forget_stale_kernels(tmp_path) == 4
    assert not any(one.exists() for one in kept)


def test_a_folder_that_cannot_be_written_is_left_alone(tmp_path):
    (tmp_path / "one.py").write_text("@njit\ndef one(): return 1\n")
    (tmp_path / "__pycache__").write_text("a file where a folder would be")
    assert forget_stale_kernels(tmp_path) == 0
