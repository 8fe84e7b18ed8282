"""How a problem is solved: methods, the checker, and the judging of what they found."""

from pathlib import Path

from planner.solving.stale_kernels import forget_stale_kernels

forget_stale_kernels(Path(__file__).parent)
