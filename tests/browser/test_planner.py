"""The planner's journey in a real browser with no network: from upload to downloaded workbook."""

from __future__ import annotations

import openpyxl
import pytest

from scenarios.store import keeping
from tests.api.service.conftest import DOCUMENT, HOSTILE, add_plan, add_rounds
from tests.browser.site import SitePage, served, told

pytestmark = pytest.mark.browser

ENDED_MS = 240_000
BESIDE_THE_SCREEN = """() => [...document.querySelectorAll('tbody td, tbody th, main button')]
  .filter((one) => one.getBoundingClientRect().right > innerWidth)
  .map((one) => one.textContent)"""


@pytest.fixture
def workbook(tmp_path):
    """Villages around a township, and facilities that somebody gave in another system's order."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "村庄"
    sheet.append(["村名", "乡镇", "经度", "纬度", "常住人口（人）", "播种面积（亩）"])
    for k in range(24):
        lon, lat = 115.44 + 0.012 * (k % 6), 36.48 + 0.012 * (k // 6)
        sheet.append([f"第{k + 1}村", "甲镇" if k % 6 < 3 else "乙镇", lon, lat, 600 + k, 2000])
    path = tmp_path / "县数据.xlsx"
    book.save(path)
    return path


@pytest.mark.slow
def test_every_page_keeps_script_in_names_as_text(site, site_app, tmp_path):
    run = told(site.base, "/api/runs/latest")["id"]
    service = site_app.state.service
    rounds = add_rounds(service, run, tmp_path / "rounds")
    with service.database.writing() as session:
        scenario = keeping.add_scenario(session, DOCUMENT).id
    for path in (f"/planner/runs/{rounds}", f"/planner/scenarios/{scenario}", "/docs",
                 "/planner", f"/planner/runs/{run}", f"/planner/compare?a={run}&b={run}",
                 "/township", f"/planner/runs/{run}/faults", "/planner/new?stream=medical_waste",
                 "/sign-in", "/planner?lang=en"):  # fmt: skip
        site.open(path)
        site.page.wait_for_load_state("networkidle")
        assert site.page.locator("h1").count() == 1
        assert site.accessibility_faults() == [], path
    site.open(f"/planner/runs/{rounds}")
    site.picture("rounds")
    site.open(f"/planner/runs/{run}", ready=True)
    assert HOSTILE in site.page.locator("h1").inner_text()


def test_a_site_is_banned_a_road_closed_and_planned_again(site):
    run = told(site.base, "/api/runs/latest")["id"]
    site.open(f"/planner/runs/{run}", ready=True)
    page = site.page
    page.locator("#sites-table button.link").first.click()
    page.locator("[data-action=ban]").click()
    page.locator("#close-road").click()
    page.locator("#map").click(position={"x": 300, "y": 300})
    assert page.locator("#changes li").count() == 2
    site.picture("plan")
    page.locator("#replan").click()
    page.wait_for_url(lambda url: "/planner/runs/" in url and run not in url)
    made = told(site.base, page.url.removeprefix(site.base).replace("/planner", "/api"))
    assert made["start_run_id"] == run
    assert made["scenario"]["site_changes"][0]["action"] == "ban"
    assert len(made["scenario"]["closed_roads"]) == 1
    assert page.locator("#progress").is_visible()


def test_tables_sort_and_filter(site):
    run = told(site.base, "/api/runs/latest")["id"]
    site.open(f"/planner/runs/{run}", ready=True)
    page = site.page
    page.locator("#villages-table th button").nth(6).click()
    column = page.locator("#villages-table td:nth-child(7)").all_inner_texts()
    people = [int(one.replace(",", "")) for one in column]
    assert people == sorted(people)
    page.locator("#villages-table input").fill("没有的村")
    assert page.locator("#villages-table tbody tr").count() == 0


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_phone_shows_every_column_of_plans_and_numbers(site, lang):
    page = site.page
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/planner?", "/planner/new?stream=medical_waste&"):
        site.open(f"{path}lang={lang}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(BESIDE_THE_SCREEN) == []
        site.picture(f"phone{path.split('?')[0].replace('/', '-')}-{lang}")


def test_two_plans_stand_side_by_side(site, site_app, planned):
    first = told(site.base, "/api/runs/latest")["id"]
    second = add_plan(site_app.state.service, planned).id
    site.open(f"/planner/compare?a={first}&b={second}", ready=True)
    assert site.page.locator("#indicators tbody tr").count() > 3
    assert "两个方案相同" in site.page.locator("#changes").inner_text()
    site.picture("compare")


@pytest.mark.slow
def test_from_upload_to_downloaded_workbook(chromium, start_browser, workbook, tmp_path):
    with served(tmp_path / "data") as base:
        page = start_browser(chromium).new_page(
            viewport={"width": 1400, "height": 900}, locale="zh-CN"
        )
        page.set_default_timeout(ENDED_MS)  # files are looked at in a process that starts first
        site = SitePage(page, base)
        site.open("/planner/new?stream=pesticide_packaging")
        page.locator("#title").fill("甲县农药包装回收点")
        page.locator("#file").set_input_files(workbook)
        page.locator("#layers .card").wait_for()
        system = page.locator("#layers select").nth(1)
        page.locator("#layers", has_text="坐标系").first.wait_for()
        system.select_option("wgs84")
        page.locator("#layers", has_text="115.4400").wait_for()
        assert "可用 24 行，共 24 行" in page.locator("#layers").inner_text()
        system.select_option("gcj02")
        page.locator("#place-warnings li", has_text="与原位置相差").wait_for()
        site.picture("preview-gcj02")
        system.select_option("wgs84")
        page.locator("#layers", has_text="115.4400").wait_for()
        page.locator('[data-key="tiers.village_point.radius_km"]').fill("2")
        page.locator("[name=do]").click()
        page.wait_for_url("**/planner/runs/*", timeout=ENDED_MS)
        page.locator("#progress").wait_for(state="attached")
        site.picture("progress")
        page.locator("#files-title").wait_for(timeout=ENDED_MS)
        site.ready()
        site.picture("planned")
        page.locator("#full-map summary").click()
        sheet = page.frame_locator("#map-sheet").locator("#legend")
        sheet.wait_for()
        site.picture("map-sheet")
        with page.expect_download() as download:
            page.locator('a[href*="plan.xlsx"]').click()
        download.value.save_as(tmp_path / "plan.xlsx")
        assert "设施一览表" in " ".join(openpyxl.load_workbook(tmp_path / "plan.xlsx").sheetnames)
        assert site.faults == []
        assert site.fetched == []
        page.close()
