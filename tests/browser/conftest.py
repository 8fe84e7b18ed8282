"""A real browser with the network cut off, and a page of a map in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.app import create_app
from api.settings import Settings
from tests.api.service.conftest import add_plan, planned  # noqa: F401 - a fixture
from tests.browser.site import SitePage, in_thread

ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


class OpenPage:
    """A page and everything that went wrong on it."""

    def __init__(self, page) -> None:
        self.page = page
        self.faults: list[str] = []
        self.fetched: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", lambda dialog: (self.faults.append(dialog.message), dialog.dismiss()))
        page.route("**/*", self._route)

    def _heard(self, message) -> None:
        # The tests read pixels back; the page itself never does.
        if message.type in {"error", "warning"} and "getImageData" not in message.text:
            self.faults.append(message.text)

    def _route(self, route) -> None:
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            self.fetched.append(route.request.url)
            route.abort()

    def open(self, path) -> None:
        self.page.goto(path.as_uri())
        self.page.wait_for_function("window.planMap && window.planMap.ready")


@pytest.fixture(scope="session")
def start_browser() -> Iterator:
    """Starts the browser at a path once for all tests."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browsers = {}

        def start(path: str):
            if path not in browsers:
                browsers[path] = started.chromium.launch(executable_path=path, args=list(ARGUMENTS))
            return browsers[path]

        yield start
        for browser in browsers.values():
            browser.close()


@pytest.fixture
def open_page(chromium: str, start_browser) -> Iterator[OpenPage]:
    page = start_browser(chromium).new_page(viewport={"width": 1400, "height": 900})
    yield OpenPage(page)
    page.close()


@pytest.fixture
def site_app(tmp_path, planned) -> Iterator:  # noqa: F811 - the fixture
    """The service with a finished plan in it."""
    app = create_app(Settings(data=tmp_path / "data"))
    add_plan(app.state.service, planned)
    yield app
    app.state.service.close()


@pytest.fixture
def site(chromium: str, start_browser, site_app) -> Iterator[SitePage]:
    """A page of the service; nothing may go wrong on it, and it may fetch nothing else."""
    with in_thread(site_app) as base:
        page = start_browser(chromium).new_page(
            viewport={"width": 1400, "height": 900}, locale="zh-CN"
        )
        opened = SitePage(page, base)
        yield opened
        page.close()
        assert opened.faults == []
        assert opened.fetched == []
