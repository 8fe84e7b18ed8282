"""Run by the system's Python: opens a GeoPackage in QGIS and prints what QGIS makes of it as JSON.

Usage: ``qgis_reader.py PACKAGE PICTURE LAYER...`` or ``qgis_reader.py URL`` (an OGC API).
"""

import json
import sys
from collections import Counter

from qgis.core import (
    QgsApplication,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsRenderContext,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize


def described(layer):
    """What is drawn of a layer: how many features by the label of their legend entry."""
    renderer = layer.renderer()
    context = QgsRenderContext()
    renderer.startRender(context, layer.fields())
    labels = {item.ruleKey(): item.label() for item in renderer.legendSymbolItems()}
    drawn = Counter()
    for feature in layer.getFeatures():
        context.expressionContext().setFeature(feature)
        keys = renderer.legendKeysForFeature(feature, context)
        # What is not ticked in the legend has no key here; what fits no entry has the empty label.
        drawn[labels[next(iter(keys))] if keys else "unticked"] += 1
    renderer.stopRender(context)
    return {
        "valid": layer.isValid(),
        "features": layer.featureCount(),
        "crs": layer.crs().authid(),
        "drawn": dict(drawn),
        "words": {
            f.name(): layer.editorWidgetSetup(k).config().get("map", [])
            for k, f in enumerate(layer.fields())
        },
        "aliases": {f.name(): layer.attributeAlias(k) for k, f in enumerate(layer.fields())},
    }


def tree_of(group):
    """Groups and layers as the panel shows them: name, ticked, children."""
    return [
        [one.name(), one.itemVisibilityChecked(), [] if hasattr(one, "layerId") else tree_of(one)]
        for one in group.children()
    ]


def picture(project, path):
    """Draw the ticked layers of a project."""
    root = project.layerTreeRoot()
    ticked = set(root.checkedLayers())
    settings = QgsMapSettings()
    settings.setLayers([one for one in root.layerOrder() if one in ticked])
    settings.setDestinationCrs(project.crs())
    settings.setOutputSize(QSize(1000, 800))
    extent = QgsRectangle()
    for one in ticked:
        extent.combineExtentWith(one.extent())
    settings.setExtent(extent)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(path)
    return len(job.errors())


def package(path, picture_path, names):
    """Layers opened one by one, then the project that the package holds."""
    single = {
        name: described(QgsVectorLayer(f"{path}|layername={name}", name, "ogr")) for name in names
    }
    project = QgsProject.instance()
    opened = project.read(f"geopackage:{path}?projectName=plan")
    return {
        "layers": single,
        "opened": opened,
        "title": project.title(),
        "crs": project.crs().authid(),
        "tree": tree_of(project.layerTreeRoot()),
        "of_project": {key: described(one) for key, one in project.mapLayers().items()},
        "errors": picture(project, picture_path),
    }


def service(address, name):
    """A collection read by QGIS's own OGC API client."""
    layer = QgsVectorLayer(f"typename='{name}' url='{address}' pageSize='10'", name, "OAPIF")
    return {"valid": layer.isValid(), "features": sum(1 for _ in layer.getFeatures())}


def main(words):
    """Read what is asked for."""
    application = QgsApplication([], False)  # noqa: FBT003 - Qt's signature
    application.initQgis()
    found = (
        service(*words) if words[0].startswith("http") else package(words[0], words[1], words[2:])
    )
    sys.stdout.write(json.dumps(found) + "\n")


main(sys.argv[1:])
