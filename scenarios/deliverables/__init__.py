"""What a planner hands in: map, workbook and GeoPackage, each written from a finished plan."""
