"""A child that writes one workbook: ``python -m scenarios.writer_process DESCRIPTOR``.

It loads what it needs, reads ``(plan, path, lang)`` from the connection it inherits, writes, and
sends None, or the error it met.
"""

from __future__ import annotations

import sys
from multiprocessing.connection import Connection


def main() -> None:
    """Write what the parent asks for, if it still asks."""
    link = Connection(int(sys.argv[1]))
    from scenarios.deliverables.workbook import write_workbook  # noqa: PLC0415 - heavy

    try:
        plan, path, lang = link.recv()
    except EOFError:
        return
    try:
        write_workbook(plan, path, lang)
    except Exception as error:  # noqa: BLE001 - the parent raises it
        link.send(error)
    else:
        link.send(None)


if __name__ == "__main__":
    main()
