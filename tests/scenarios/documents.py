"""Small documents for tests: a clean one, and ways to make it wrong."""

from __future__ import annotations

from typing import Any

from scenarios.document import Document

CLEAN: dict[str, Any] = {
    "name": "某县方案",
    "issued": "2023-08-19",
    "years": {"base": 2020, "near": 2023, "long": 2025},
    "table": {"clause": "附件", "states": 2, "states_by_selection": {"mandatory": 1, "other": 1}},
    "units": [{"name": "甲镇", "kind": "town"}, {"name": "乙街道", "kind": "subdistrict"}],
    "indicators": [
        {
            "number": 1,
            "name": "秸秆综合利用率",
            "selection": "mandatory",
            "baseline": "90%",
            "targets": {2023: "92%", 2025: ">95%"},
            "restated": [{"year": 2025, "text": "95%以上", "clause": "正文"}],
            "clause": "附件 1",
        },
        {
            "number": 2,
            "name": "生活垃圾清运量",
            "selection": "other",
            "unit": "万吨",
            "better": "lower",
            "baseline": "14.6 万吨",
            "targets": {2025: "14 万吨"},
            "clause": "附件 2",
            "subject": "household",
            "counts": "cleared",
        },
    ],
    "figures": [
        {"id": "people", "name": "常住人口", "says": "40 万人", "subject": "county",
         "counts": "population", "clause": "一"},
        {"id": "per_head", "name": "人均产生量", "says": "1.0 kg/人·d", "subject": "household",
         "counts": "per_head", "clause": "一"},
        {"id": "waste", "name": "产生量", "says": "400 吨/日", "subject": "household",
         "counts": "generation", "clause": "一"},
        {"id": "plant", "name": "处理能力", "says": "600 吨/日", "subject": "household",
         "counts": "capacity", "clause": "一"},
        {"id": "medical", "name": "医疗废物产生量", "says": "365 吨/年", "subject": "medical",
         "counts": "generation", "clause": "一"},
        {"id": "medical_stock", "name": "医疗废物贮存量", "says": "1.5 吨", "subject": "medical",
         "counts": "stock", "clause": "一"},
    ],
    "relations": [
        {"states": "waste", "adds": ["per_head"], "times": ["people"], "name": "人均×人口",
         "clause": "一"},
    ],
    "ledgers": [
        {"name": "表1", "subject": "hazardous", "unit": "吨", "clause": "表1",
         "columns": {"产生量": "in", "处置量": "out", "贮存量": "left"},
         "rows": {"HW08": [10, 8, 2], "HW49": [5, 5, 0]}, "total": [15, 13, 2]},
    ],
    "listings": [{"name": "任务", "states": 3, "lists": 3, "clause": "表2"}],
    "facilities": [
        {"id": "works", "name": "某厂", "unit": "甲镇", "clause": "一"},
    ],
    "tasks": [
        {"id": "heap", "name": "矸石山", "kind": "heap", "tonnes": "10 万吨",
         "deadline": "2024-12-31", "done": [{"day": "2023-08-18", "removed": "10 万吨"}],
         "clause": "二"},
    ],
    "events": [{"name": "会议", "day": "2023-08-01", "clause": "三"}],
}  # fmt: skip
"""A document in which everything fits together."""


def document(**changes: Any) -> Document:
    """The clean document with top-level parts replaced."""
    return Document.model_validate({**CLEAN, **changes})


def changed(part: str, key: str, name: object, **values: Any) -> list[dict[str, Any]]:
    """A list part of the clean document with the item of that key changed."""
    items: list[dict[str, Any]] = CLEAN[part]
    return [{**one, **values} if one.get(key) == name else one for one in items]
