// @ts-check
// The loupe of a view: what lies under the pointer, larger and with square pixels.

const RADIUS_PX = 90; // CSS pixels

/**
 * Draw a loupe at `at` into a view that was just painted.
 * @param {CanvasRenderingContext2D} context of the view
 * @param {import("./view2d.js").View2D} view
 * @param {{x: number, y: number}} at in CSS pixels of the view
 * @param {number} times how much larger than the view
 */
export function loupe(context, view, at, times) {
  const ratio = devicePixelRatio;
  const before = view.look;
  const around = view.to_picture(at);
  const glass = new OffscreenCanvas(context.canvas.width, context.canvas.height);
  const inside = /** @type {any} */ (glass.getContext("2d"));
  const zoom = before.zoom * times;
  // The same painter with another look: layers stay sharp, and the place under the pointer does not move.
  view.look = { zoom, x: around.x + (view.clientWidth / 2 - at.x) / zoom, y: around.y + (view.clientHeight / 2 - at.y) / zoom };
  view.paint(inside);
  view.look = before;
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.beginPath();
  context.arc(at.x * ratio, at.y * ratio, RADIUS_PX * ratio, 0, 2 * Math.PI);
  context.save();
  context.clip();
  context.fillStyle = getComputedStyle(view).backgroundColor;
  context.fillRect(0, 0, glass.width, glass.height);
  context.drawImage(glass, 0, 0);
  context.restore();
  context.lineWidth = 2 * ratio;
  context.strokeStyle = getComputedStyle(view).color;
  context.stroke();
  context.restore();
}
