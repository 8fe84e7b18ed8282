"""``init`` and ``roads``: what a scenario is made from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.options import AsJson, Lang, Language, Quiet

if TYPE_CHECKING:
    from geodata.roads.report import NetworkReport


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the two files.")],
    stream: Annotated[
        list[str] | None, typer.Option("--stream", help="Stream to plan; may be repeated.")
    ] = None,
    lang: Language = Lang.ZH,
) -> None:
    """Write a template workbook (模板.xlsx) and its scenario, ready to plan once filled."""
    from api.exits import told  # noqa: PLC0415
    from scenarios.template import write_template  # noqa: PLC0415

    with told(lang, as_json=False):
        for path in write_template(folder, stream or ()):
            sys.stdout.write(f"{path}\n")


def roads(
    out: Annotated[Path, typer.Option("--out", metavar="FILE.gpkg", help="GeoPackage to write.")],
    place: Annotated[
        str | None, typer.Option("--place", help="Place name; needs the internet.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="OSM extract or line layer.")] = None,
    crs: Annotated[
        str | None, typer.Option("--crs", help="Coordinate system of a line layer without one.")
    ] = None,
    tolerance_m: Annotated[
        float, typer.Option("--tolerance-m", min=0, help="Ends nearer than this are one junction.")
    ] = 0.5,
    lang: Language = Lang.ZH,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Read a road network, report on it, and save it whole for scenarios to use."""
    from api.exits import told  # noqa: PLC0415
    from api.summary import print_json  # noqa: PLC0415
    from geodata.faults import N_, Fault, InputError  # noqa: PLC0415
    from geodata.roads.export import save_roads  # noqa: PLC0415
    from geodata.roads.read import load_roads  # noqa: PLC0415
    from geodata.roads.report import network_report  # noqa: PLC0415
    from scenarios.output import check_output_folder, disk_faults  # noqa: PLC0415

    with told(lang, as_json=as_json):
        if (place is None) == (file is None):
            raise InputError([Fault("roads", N_("give one of --place and --file"))])
        if out.suffix.casefold() != ".gpkg":
            raise InputError([Fault(str(out), N_("--out must end in .gpkg"))])
        check_output_folder(out.absolute().parent)
        graph = load_roads(file, place, crs=crs, tolerance_m=tolerance_m)
        with disk_faults(out):
            out.absolute().parent.mkdir(parents=True, exist_ok=True)
            save_roads(graph, out)
        report = network_report(graph)
        if as_json:
            print_json({**report.as_dict(), "file": str(out)})
        elif not quiet:
            _show_report(report, out, lang)


def _show_report(report: NetworkReport, out: Path, lang: str) -> None:
    from scenarios.wording import number, percent, translator  # noqa: PLC0415

    _ = translator(lang)
    circuity = "–" if report.circuity is None else number(report.circuity, 2)
    lines = [
        _("{km} km of road in {roads} roads, {nodes} junctions").format(
            km=number(report.length_km, 1), roads=number(report.roads), nodes=number(report.nodes)
        ),
        _("{components} separate parts; the largest holds {share} of the length").format(
            components=number(report.components), share=percent(report.largest_share)
        ),
        _("circuity factor {circuity}").format(circuity=circuity),
        _("{zero} pieces without length, {duplicates} duplicates").format(
            zero=number(report.zero_length), duplicates=number(report.duplicates)
        ),
        *(f"  {name}: {number(km, 1)} km" for name, km in report.length_km_by_class.items()),
        str(out),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
