from __future__ import annotations

import json

import pytest
from pyproj import CRS

from geodata import vectors
from geodata.faults import InputError
from geodata.vectors import dbf_encoding, read_vector_table
from tests.geodata.tables_on_disk import points, squares, zipped

NAMES = ["贾镇", "店子镇", "清泉街道"]


def shapefile(folder, encoding, *, cpg=None):
    path = folder / "乡镇.shp"
    squares(乡镇名称=NAMES, 人口=[1, 2, 3]).to_file(path, encoding=encoding)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    data = bytearray(path.with_suffix(".dbf").read_bytes())
    data[29] = 0  # the language byte, which many programs leave out
    path.with_suffix(".dbf").write_bytes(data)
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    return path


@pytest.mark.filterwarnings("ignore:Could not decode")  # of the writer, whose name is cut
@pytest.mark.parametrize(
    ("encoding", "cpg"),
    [
        ("GBK", "GBK"),
        ("GBK", None),
        ("GBK", "UTF-8"),
        ("GBK", "936"),
        ("UTF-8", "UTF-8"),
        ("UTF-8", None),
        ("UTF-8", "nonsense"),
    ],
)
def test_shapefiles_in_every_encoding_with_a_true_false_or_missing_cpg(tmp_path, encoding, cpg):
    path = shapefile(tmp_path, encoding, cpg=cpg)
    table = read_vector_table(path, "districts")
    assert [row[0] for row in table.rows] == NAMES
    assert table.cut_names
    assert table.file_crs == CRS.from_epsg(4326)
    assert dbf_encoding(path) in ("utf-8", "gbk", "gb18030", "cp936")


def test_zipped_shapefiles(tmp_path):
    shapefile(tmp_path, "GBK")
    path = zipped(tmp_path, sorted(tmp_path.glob("乡镇.*")))
    table = read_vector_table(path, "districts")
    assert [row[0] for row in table.rows] == NAMES
    assert table.where == "layer.zip"
    with pytest.raises(InputError, match="holds no Shapefile"):
        read_vector_table(zipped(tmp_path, [], "empty.zip"), "districts")


@pytest.mark.parametrize("part", [".shx", ".dbf"])
def test_a_missing_part_is_named(tmp_path, part):
    path = shapefile(tmp_path, "GBK")
    path.with_suffix(part).unlink()
    with pytest.raises(InputError, match=f"乡镇{part} is missing"):
        read_vector_table(path, "districts")


def test_geopackage_layers(tmp_path):
    path = tmp_path / "county.gpkg"
    squares(name=NAMES).to_file(path, layer="乡镇")
    points([115.4], [36.4], name=["王庄村"]).to_file(path, layer="村庄")
    assert len(read_vector_table(path, "districts").rows) == 3
    assert read_vector_table(path, "villages").where == "county.gpkg [村庄]"
    assert len(read_vector_table(path, "shops", "村庄").rows) == 1
    with pytest.raises(InputError, match="name one of"):
        read_vector_table(path, "shops")
    with pytest.raises(InputError, match="do you mean 村庄"):
        read_vector_table(path, "shops", "村庄点")


@pytest.mark.parametrize("keep", [0, 10, 0.3, 0.9])
def test_cut_geopackages_end_in_one_message(tmp_path, keep):
    path = tmp_path / "a.gpkg"
    squares(name=[str(k) * 500 for k in range(300)]).to_file(path)
    data = path.read_bytes()
    path.write_bytes(data[: keep if keep > 1 else int(len(data) * keep)])
    with pytest.raises(InputError, match=r"a\.gpkg") as error:
        read_vector_table(path, "districts")
    assert len(error.value.faults) == 1


def test_cut_shapefiles_end_in_one_message(tmp_path):
    path = shapefile(tmp_path, "GBK")
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(InputError, match="cannot be read"):
        read_vector_table(path, "districts")


def test_geojson_states_no_system_unless_it_says_so(tmp_path):
    path = tmp_path / "a.geojson"
    squares(name=NAMES).to_file(path, driver="GeoJSON")
    document = json.loads(path.read_text())
    document.pop("crs", None)
    path.write_bytes(json.dumps(document, ensure_ascii=False).encode("gb18030"))
    table = read_vector_table(path, "districts")
    assert table.file_crs is None
    assert [row[0] for row in table.rows] == NAMES
    document = {
        "type": document["type"],
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
        "features": document["features"],
    }
    path.write_text(json.dumps(document))
    assert read_vector_table(path, "districts").file_crs is not None


@pytest.mark.parametrize(
    "text",
    ["<OGRVRTDataSource/>", "[1]", "", '{"type": "FeatureCollection", "features": [', '{"a": 1}'],
)
def test_texts_that_only_call_themselves_geojson(tmp_path, text):
    path = tmp_path / "a.geojson"
    path.write_text(text)
    with pytest.raises(InputError, match=r"a\.geojson: cannot be read"):
        read_vector_table(path, "districts")


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_geopackage_of_no_stated_system(tmp_path):
    path = tmp_path / "a.gpkg"
    squares(name=NAMES).set_crs(None, allow_override=True).to_file(path)
    assert read_vector_table(path, "districts").file_crs is None


def test_geoparquet_and_how_to_install_what_reads_it(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    path = tmp_path / "a.parquet"
    squares(name=NAMES).to_parquet(path)
    assert len(read_vector_table(path, "districts").rows) == 3
    points([115.4], [36.4], name=["a"]).drop(columns="geometry").to_parquet(path)
    assert read_vector_table(path, "districts").geometry is None
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match="cannot be read"):
        read_vector_table(path, "districts")
    monkeypatch.setattr(vectors, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'wangdian\[parquet\]'"):
        read_vector_table(path, "districts")
