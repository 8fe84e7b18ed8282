"""What every page shares: templates, language, policy, and the data that its scripts read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse
from xstatic.pkg import leaflet

from api.auth.principal import NOBODY, Principal
from api.problems import language_of
from api.web.words import SCRIPT_WORDS
from scenarios import wording
from scenarios.wording import LANGUAGES, Language, translator

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
LEAFLET = Path(leaflet.BASE_DIR)
COOKIE = "wangdian_lang"
YEAR_S = 365 * 86400

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""No inline script, no inline style, nothing from elsewhere; maps come in sandboxed frames."""


def page_language(request: Request) -> Language:
    """``?lang=``, else what was chosen before (a cookie), else the browser's language."""
    chosen = request.query_params.get("lang", "") or request.cookies.get(COOKIE, "")
    return language_of(request.headers, {"lang": chosen})


def wants_page(request: Request) -> bool:
    """Whether a browser asks for a page, not a program for data."""
    path = request.url.path
    return (
        request.method in ("GET", "HEAD")
        and not path.startswith(("/api/", "/ogc", "/coverage", "/static/"))
        and "text/html" in request.headers.get("accept", "")
    )


@cache
def environment() -> jinja2.Environment:
    """The templates; every value is escaped."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static_version"] = static_version()
    made.filters |= {"number": wording.number, "typed": typed, "in_brackets": in_brackets}
    return made


def typed(value: float | None) -> str:
    """A number as somebody would type it into a field: no exponent, no needless zeros."""
    return "" if value is None else f"{Decimal(str(value)).normalize():f}"


@jinja2.pass_context
def in_brackets(context: jinja2.runtime.Context, value: object) -> str:
    """What stands in brackets after a word, those of the page's language."""
    return f"（{value}）" if context["lang"] == "zh" else f" ({value})"


@cache
def static_version() -> str:
    """Changes when a script or style does, so that browsers may keep them for good."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def render(
    request: Request,
    template: str,
    *,
    data: Mapping[str, Any] | None = None,
    status: int = 200,
    **values: Any,
) -> HTMLResponse:
    """A page.

    Parameters
    ----------
    data : plain values for the page's scripts
    values : for the template
    """
    lang = page_language(request)
    _ = translator(lang)
    # Where the gate itself has refused, nobody has been recognised yet.
    who: Principal = getattr(request.state, "principal", NOBODY)
    script_data = {
        "lang": lang,
        "csrf": who.csrf,
        "words": {key: _(text) for key, text in SCRIPT_WORDS.items()},
        **(data or {}),
    }
    text = (
        environment()
        .get_template(template)
        .render(
            _=_,
            lang=lang,
            who=who,
            other_lang=_other(lang),
            other_lang_url=_in_language(request, _other(lang)),
            path=request.url.path,
            script_data=script_data,
            **values,
        )
    )
    response = HTMLResponse(text, status, {"Content-Language": lang, "Cache-Control": "no-store"})
    response.headers["Content-Security-Policy"] = POLICY
    if request.query_params.get("lang") == lang:
        response.set_cookie(COOKIE, lang, max_age=YEAR_S, samesite="lax", httponly=True, path="/")
    return response


def _other(lang: Language) -> Language:
    return next(one for one in LANGUAGES if one != lang)


def _in_language(request: Request, lang: Language) -> str:
    """The same page in another language, by a relative address."""
    kept = [(key, value) for key, value in request.query_params.multi_items() if key != "lang"]
    return "?" + urlencode([*kept, ("lang", lang)])
