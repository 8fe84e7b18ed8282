"""Nested dissection from coordinates"""

from __future__ import annotations


def dissect(start, head, x, y):
    raise NotImplementedError
