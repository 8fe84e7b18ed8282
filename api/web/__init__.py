"""The pages: Chinese first, English beside; rendered here, with own small scripts on Leaflet."""
