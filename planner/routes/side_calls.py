"""What the second process runs: apart, so that no package that it imports has imported it."""

from __future__ import annotations

from planner.routes.side_process import main

if __name__ == "__main__":
    main()
