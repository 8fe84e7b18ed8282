"""A seeded county of any size, always labelled 合成数据 / synthetic."""

from geodata.synthetic.county import LABEL, County, make_county

__all__ = ["LABEL", "County", "make_county"]
