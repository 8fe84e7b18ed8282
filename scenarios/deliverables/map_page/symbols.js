"use strict";
// Symbols: the shape says the tier, the fill says the status, the colour says the stream.
// Nothing is told by colour alone, so a colour-blind reader or a black-and-white print can read it.
const Symbols = (() => {
  const UNCOVERED = "#d55e00";
  const BEYOND = "#e69f00";
  const INK = "#2b2b2b";
  const KEPT = 0, EXPANDED = 1, NEW = 2, CLOSED = 3, NOT_CHOSEN = 4;
  const TIER_SHAPES = ["circle", "square", "triangle", "diamond", "pentagon", "star"];

  function polygon(context, x, y, radius, corners, turn, inner) {
    const steps = inner ? corners * 2 : corners;
    for (let k = 0; k < steps; k += 1) {
      const r = inner && k % 2 ? radius * inner : radius;
      const angle = turn + (2 * Math.PI * k) / steps;
      const px = x + r * Math.sin(angle), py = y - r * Math.cos(angle);
      if (k) context.lineTo(px, py); else context.moveTo(px, py);
    }
    context.closePath();
  }

  function outline(context, shape, x, y, radius) {
    context.beginPath();
    if (shape === "circle") context.arc(x, y, radius, 0, 2 * Math.PI);
    else if (shape === "square") polygon(context, x, y, radius * 1.22, 4, Math.PI / 4);
    else if (shape === "triangle") polygon(context, x, y + radius * 0.15, radius * 1.3, 3, 0);
    else if (shape === "diamond") polygon(context, x, y, radius * 1.3, 4, 0);
    else if (shape === "pentagon") polygon(context, x, y, radius * 1.15, 5, 0);
    else polygon(context, x, y, radius * 1.4, 5, 0, 0.45);
  }

  function cross(context, x, y, arm) {
    context.beginPath();
    context.moveTo(x - arm, y - arm); context.lineTo(x + arm, y + arm);
    context.moveTo(x + arm, y - arm); context.lineTo(x - arm, y + arm);
    context.stroke();
  }

  // new: filled; kept: white inside; expanded: right half filled; closed: grey and crossed out.
  function facility(context, tier, status, colour, x, y, radius) {
    const shape = TIER_SHAPES[tier % TIER_SHAPES.length];
    context.save();
    context.lineJoin = "round";
    outline(context, shape, x, y, radius + 1.6);
    context.fillStyle = "rgba(255,255,255,0.95)";
    context.fill();
    outline(context, shape, x, y, radius);
    if (status === NOT_CHOSEN) {
      context.setLineDash([2, 2]);
      context.lineWidth = 1.2;
      context.strokeStyle = "#767676";
      context.stroke();
    } else if (status === CLOSED) {
      context.fillStyle = "#dcdcdc";
      context.fill();
      context.lineWidth = 1.3;
      context.strokeStyle = "#5f5f5f";
      context.stroke();
      context.lineWidth = 1.6;
      cross(context, x, y, radius * 0.75);
    } else {
      context.fillStyle = status === NEW ? colour : "#ffffff";
      context.fill();
      if (status === EXPANDED) {
        context.save();
        context.clip();
        context.fillStyle = colour;
        context.fillRect(x, y - radius * 2, radius * 2, radius * 4);
        context.restore();
        outline(context, shape, x, y, radius);
      }
      context.lineWidth = status === NEW ? 1.1 : 2;
      context.strokeStyle = status === NEW ? INK : colour;
      context.stroke();
    }
    context.restore();
  }

  function village(context, status, colour, x, y, radius) {
    context.beginPath();
    if (status === 2) {
      context.arc(x, y, radius + 2, 0, 2 * Math.PI);
      context.fillStyle = UNCOVERED;
      context.fill();
      context.lineWidth = 1;
      context.strokeStyle = "#ffffff";
      context.stroke();
      context.lineWidth = Math.max(1.2, radius * 0.42);
      cross(context, x, y, (radius + 2) * 0.45);
    } else if (status === 1) {
      context.arc(x, y, radius + 0.6, 0, 2 * Math.PI);
      context.fillStyle = "#ffffff";
      context.fill();
      context.lineWidth = Math.max(1.2, radius * 0.55);
      context.strokeStyle = BEYOND;
      context.stroke();
    } else {
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fillStyle = colour;
      context.globalAlpha = 0.78;
      context.fill();
      context.globalAlpha = 1;
    }
  }

  function candidate(context, kept, x, y) {
    context.lineWidth = 1.3;
    context.strokeStyle = kept ? "#3f6b4f" : "#9a4a4a";
    if (kept) {
      context.beginPath();
      context.moveTo(x - 4, y); context.lineTo(x + 4, y);
      context.moveTo(x, y - 4); context.lineTo(x, y + 4);
      context.stroke();
    } else cross(context, x, y, 3);
  }

  // A colour with another one mixed in: tints of service areas.
  function mixed(colour, other, share) {
    const part = (hex, k) => parseInt(hex.slice(1 + 2 * k, 3 + 2 * k), 16);
    const values = [0, 1, 2].map((k) => Math.round(part(colour, k) * (1 - share) + part(other, k) * share));
    return `rgb(${values.join(",")})`;
  }

  // A symbol for the legend and the layer panel, drawn by `draw(context, width, height)`.
  function icon(draw, width = 24, height = 18) {
    const canvas = document.createElement("canvas");
    canvas.width = width * 3;
    canvas.height = height * 3;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    canvas.setAttribute("aria-hidden", "true");
    const context = canvas.getContext("2d");
    context.scale(3, 3);
    draw(context, width, height);
    return canvas;
  }

  return { UNCOVERED, BEYOND, INK, NEW, CLOSED, NOT_CHOSEN, facility, village, candidate, mixed, icon };
})();
