import pytest

from geodata.synthetic.calibration import figure, figures


def test_every_figure_says_where_it_is_from():
    for name, entry in figures().items():
        assert entry.value > 0, name
        assert entry.unit, name
        assert entry.evidence in {"document", "derived", "recalled", "assumed"}, name
        assert len(entry.source) > 10, name
        if entry.evidence == "document":
            assert any(mark in entry.source for mark in ("line", "codes", "D2")), name


def test_sown_area_follows_the_plain(county):
    villages = county.layers["villages"]
    expected = 352 * 3.27e6 * figure("arable_share") * figure("cropping_index") / (2000 / 3)
    assert villages["sown_area_mu"].sum() == pytest.approx(expected, rel=1e-3)
    assert villages["wheat_mu"].sum() / expected == pytest.approx(figure("wheat_share"), rel=0.02)
    assert (villages["wheat_mu"] + villages["maize_mu"] <= villages["sown_area_mu"] + 1).all()


def test_film_is_that_of_document_000_per_sown_area(county):
    villages = county.layers["villages"]
    sown = villages["sown_area_mu"].sum()
    mulch_kg = villages["mulch_area_mu"].sum() * figure("mulch_kg_per_mu")
    shed_kg = villages["greenhouse_mu"].sum() * figure("shed_film_kg_per_mu")
    assert mulch_kg / sown == pytest.approx(10_300 / 144_300, rel=0.01)
    assert shed_kg / sown == pytest.approx(58_550 / 144_300, rel=0.01)


def test_townspeople_clear_the_tonnage_of_document_003(county):
    people = county.layers["districts"]["urban_population"].sum()
    tonnes = people * figure("urban_waste_kg_per_person_day") * 365 / 1000
    assert tonnes == pytest.approx(52_700, rel=1e-3)
    assert county.layers["estates"]["population"].sum() == pytest.approx(people, rel=0.01)


def test_the_county_has_about_eight_hundred_thousand_people(county):
    rural = county.layers["villages"]["population"]
    urban = county.layers["districts"]["urban_population"].sum()
    assert 740_000 < rural.sum() + urban < 860_000
    assert rural.median() < rural.mean()


def test_stated_tonnes_are_near_the_estimates_but_for_a_few(county):
    villages = county.layers["villages"]
    per_head = figure("rural_waste_kg_per_person_day") * 365 / 1000
    ratio = villages["household_transfer_t_per_yr"] / (villages["population"] * per_head)
    assert 100 < ratio.notna().sum() < 250
    assert 1 <= (abs(ratio - 1) > 0.2).sum() <= 15
    assert ratio.mean() == pytest.approx(1, abs=0.03)


def test_town_tonnages_are_those_of_document_000_per_head(county):
    people = county.layers["districts"]["urban_population"].sum()
    kitchen = county.layers["restaurants"]["kitchen_waste_t_per_yr"].sum()
    assert kitchen * 1000 / 365 / people == pytest.approx(0.02, rel=0.01)
    construction = county.layers["building_sites"]["construction_waste_t_per_yr"].sum()
    assert construction / people == pytest.approx(1000 * 365 / 614_000, rel=0.01)
    medical = county.layers["clinics"]["medical_waste_t_per_yr"].sum()
    assert medical / people == pytest.approx(2534.886 / 614_000, rel=0.01)
