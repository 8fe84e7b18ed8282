"""Passwords and keys: only their hashes are kept, and none is ever logged."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

_N, _R, _P = 2**15, 8, 3
"""scrypt's cost: 32 MiB and about 0.2 s (OWASP password storage, scrypt)."""
_MOST_MEMORY = 64 * 2**20
KEY_PREFIX = "wd_"


def password_hash(password: str) -> str:
    """A salted scrypt hash that says its own parameters."""
    salt = secrets.token_bytes(16)
    made = _scrypt(password, salt, _N, _R, _P)
    texts = (base64.b64encode(one).decode() for one in (salt, made))
    return f"scrypt${_N}${_R}${_P}${'$'.join(texts)}"


def password_matches(password: str, stored: str | None) -> bool:
    """Whether a password is the one of a hash; takes as long where there is no such user."""
    known = stored or _NOBODY
    try:
        _, n, r, p, salt, expected = known.split("$")
        made = _scrypt(password, base64.b64decode(salt), int(n), int(r), int(p))
    except ValueError:
        return False
    return hmac.compare_digest(made, base64.b64decode(expected)) and stored is not None


def new_key() -> tuple[str, str]:
    """An API key and its digest.

    A key has 256 random bits: nobody can guess it from a plain SHA-256, and a slow hash would only
    slow the service down. Passwords are another matter.
    """
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    return key, digest(key)


def new_session() -> tuple[str, str, str]:
    """A cookie's value, its digest, and the token against forged requests."""
    token = secrets.token_urlsafe(32)
    return token, digest(token), secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is kept of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MOST_MEMORY)


_NOBODY = f"scrypt${_N}${_R}${_P}$" + "$".join(
    base64.b64encode(bytes(length)).decode() for length in (16, 64)
)
