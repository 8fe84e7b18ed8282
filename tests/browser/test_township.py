"""The township's journey in a real browser with no network."""

from __future__ import annotations

import openpyxl
import pytest

from tests.browser.site import told

pytestmark = pytest.mark.browser


@pytest.fixture
def township(site):
    site.open("/township", ready=True)
    return site


def villages(site) -> list[dict]:
    run = told(site.base, "/api/runs/latest")
    district = site.page.locator("#district").input_value()
    found = told(site.base, f"/api/runs/{run['id']}/villages")["villages"]
    return [one for one in found if one["district"] == district]


def test_a_typed_village_is_answered_with_site_way_radius_and_clause(township):
    page = township.page
    one = villages(township)[0]
    page.locator("#village").fill(one["name"])
    page.locator("#village").press("Enter")
    page.locator("#answer .card").first.wait_for()
    text = page.locator("#answer").inner_text()
    for words in (one["name"], one["site_name"], "道路距离", "分钟", "服务半径", "依据条款",
                  "规划取值（非规范条文）", "其次最近"):  # fmt: skip
        assert words in text, words
    township.picture("township")
    assert township.accessibility_faults() == []


def test_a_click_on_the_map_is_answered(township):
    page = township.page
    box = page.locator("#map").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator("#answer .card").first.wait_for()
    assert float(page.locator("html").get_attribute("data-answer-ms")) > 0
    page.locator("#village").fill("没有的村")
    page.locator("#village").press("Enter")
    assert "没有这个村名" in page.locator("#answer").inner_text()


def test_a_task_is_confirmed_and_the_planner_sees_it(township):
    page = township.page
    task = page.locator(".task").first
    name = task.locator("h3").inner_text().split()[0]
    task.locator("summary").click()
    task.locator("button", has_text="提交").click()
    assert "请先选择" in task.locator(".told").inner_text()
    task.locator("input[value=object]").check()
    task.locator("textarea").fill("<img src=x onerror=alert(1)>太远")
    task.locator("button", has_text="提交").click()
    task.locator(".comments li").wait_for()
    run = told(township.base, "/api/runs/latest")["id"]
    township.open(f"/planner/runs/{run}", ready=True)
    said = page.locator("#comments-title + ul").inner_text()
    assert name in said
    assert "<img src=x onerror=alert(1)>太远" in said


def test_the_task_list_is_exported_and_printed(township, tmp_path):
    page = township.page
    with page.expect_download() as download:
        page.locator('a[href*="tasks.xlsx"]').click()
    download.value.save_as(tmp_path / "tasks.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "tasks.xlsx").active
    assert sheet.max_row - 1 == page.locator(".task").count()
    assert "责任单位" in [cell.value for cell in sheet[1]]
    page.emulate_media(media="print")
    assert not page.locator("#map").is_visible()
    assert page.locator(".task").first.is_visible()
    township.picture("township-print")


def test_it_works_by_keyboard_alone(township):
    page = township.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "district"
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "village":
            break
    page.keyboard.type(villages(township)[0]["name"])
    page.keyboard.press("Enter")
    page.locator("#answer .card").first.wait_for()


def test_a_phone_shows_it_without_scrolling_sideways(township):
    page = township.page
    page.set_viewport_size({"width": 375, "height": 720})
    township.open("/township?lang=en", ready=True)
    assert page.locator("h1").inner_text().startswith("Service check")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    township.picture("township-phone")
    assert township.accessibility_faults() == []
