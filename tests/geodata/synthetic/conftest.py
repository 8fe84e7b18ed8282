import pytest

from geodata.synthetic import make_county


@pytest.fixture(scope="session")
def county():
    return make_county()
