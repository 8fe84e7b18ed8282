"use strict";
// A canvas that moves and zooms with the map and asks `draw(pen)` to paint it: ten thousand
// villages are one canvas, not ten thousand elements.
const CanvasLayer = L.Renderer.extend({
  options: { padding: 0.15, interactive: false, draw: null, density: 0 },

  _initContainer() {
    this._container = document.createElement("canvas");
    this._container.className = "plan-canvas";
    this._context = this._container.getContext("2d");
    this._layers = {};
  },

  _destroyContainer() {
    L.DomUtil.remove(this._container);
    delete this._container;
    delete this._context;
  },

  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    L.Renderer.prototype._update.call(this);
    const size = this._bounds.getSize();
    const density = this.options.density || Math.max(1, window.devicePixelRatio || 1);
    L.DomUtil.setPosition(this._container, this._bounds.min);
    const width = Math.round(size.x * density), height = Math.round(size.y * density);
    if (this._container.width !== width || this._container.height !== height) {
      this._container.width = width;
      this._container.height = height;
      this._container.style.width = `${size.x}px`;
      this._container.style.height = `${size.y}px`;
    }
    this._density = density;
    this.redraw();
    this.fire("update");
  },

  _updatePaths() {},

  redraw() {
    if (!this._context || !this._bounds) return;
    const context = this._context;
    const size = this._bounds.getSize();
    context.setTransform(this._density, 0, 0, this._density, 0, 0);
    context.clearRect(0, 0, size.x, size.y);
    const zoom = this._map.getZoom();
    const scale = this._map.options.crs.scale(zoom);
    const origin = this._map.getPixelOrigin().add(this._bounds.min);
    this.options.draw({
      context,
      zoom,
      scale,
      width: size.x,
      height: size.y,
      x: (worldX) => worldX * scale - origin.x,
      y: (worldY) => worldY * scale - origin.y,
      // What of the world is on the canvas.
      box: [origin.x / scale, origin.y / scale, (origin.x + size.x) / scale, (origin.y + size.y) / scale],
      // Pixels in a metre at the middle of the canvas.
      metre: scale / (40075016.686 * Math.cos((this._map.getCenter().lat * Math.PI) / 180)),
    });
  },
});
