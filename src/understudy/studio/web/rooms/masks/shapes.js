// @ts-check
// Regions on a picture as plain values that are never changed in place, and where a hand is on them. Knows no canvas.

/** @typedef {"include" | "exclude"} Kind */
/** @typedef {[number, number]} Spot x, y in pixels of the picture */
/** @typedef {{kind: Kind, points: Spot[]}} Region */
/** @typedef {{region: number, point: number}} Grip a point of a region */
/** @typedef {{region: number, after: number, spot: Spot}} Edge a place on an edge; `after` is the point before it */

/**
 * The point nearest to a spot, if it is within reach; the later region lies above.
 * @param {Region[]} regions @param {Spot} spot @param {number} reach in picture pixels @returns {Grip | null}
 */
export function point_near(regions, [x, y], reach) {
  let best = reach * reach;
  /** @type {Grip | null} */
  let found = null;
  regions.forEach(({ points }, region) =>
    points.forEach(([px, py], point) => {
      const apart = (px - x) ** 2 + (py - y) ** 2;
      if (apart <= best) [best, found] = [apart, { region, point }];
    }),
  );
  return found;
}

/**
 * The edge nearest to a spot, if it is within reach.
 * @param {Region[]} regions @param {Spot} spot @param {number} reach @returns {Edge | null}
 */
export function edge_near(regions, spot, reach) {
  let best = reach;
  /** @type {Edge | null} */
  let found = null;
  regions.forEach(({ points }, region) =>
    points.forEach((from, after) => {
      const on = nearest_on(from, points[(after + 1) % points.length], spot);
      const apart = Math.hypot(on[0] - spot[0], on[1] - spot[1]);
      if (apart <= best) [best, found] = [apart, { region, after, spot: on }];
    }),
  );
  return found;
}

/** @param {Spot} from @param {Spot} to @param {Spot} spot @returns {Spot} */
function nearest_on([ax, ay], [bx, by], [x, y]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = dx || dy ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy))) : 0;
  return [ax + along * dx, ay + along * dy];
}

/** Which region a spot is in, the last drawn first; -1 for none. @param {Region[]} regions @param {Spot} spot */
export function region_at(regions, spot) {
  return regions.findLastIndex(({ points }) => is_inside(points, spot));
}

/** By the even-odd rule. @param {Spot[]} points @param {Spot} spot */
export function is_inside(points, [x, y]) {
  let inside = false;
  points.forEach(([ax, ay], at) => {
    const [bx, by] = points[(at + 1) % points.length];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  });
  return inside;
}

/** @template T @param {T[]} list @param {number} at @param {T} value */
export function with_at(list, at, value) {
  const copy = list.slice();
  copy[at] = value;
  return copy;
}

/** @param {Region[]} regions @param {number} at @param {(points: Spot[]) => Spot[]} change @returns {Region[]} */
function reshaped(regions, at, change) {
  return with_at(regions, at, { ...regions[at], points: change(regions[at].points) });
}

/** @param {Region[]} regions @param {Grip} grip @param {Spot} spot */
export function with_point_moved(regions, { region, point }, spot) {
  return reshaped(regions, region, (points) => with_at(points, point, spot));
}

/** @param {Region[]} regions @param {Edge} edge */
export function with_point_inserted(regions, { region, after, spot }) {
  return reshaped(regions, region, (points) => [...points.slice(0, after + 1), spot, ...points.slice(after + 1)]);
}

/** A region with fewer than three points left goes. @param {Region[]} regions @param {Grip} grip */
export function with_point_removed(regions, { region, point }) {
  if (regions[region].points.length <= 3) return without_region(regions, region);
  return reshaped(regions, region, (points) => points.filter((_, at) => at !== point));
}

/** @param {Region[]} regions @param {number} at */
export function without_region(regions, at) {
  return regions.filter((_, other) => other !== at);
}

/** @param {Region[]} regions @param {number} at @param {number} dx @param {number} dy */
export function with_region_moved(regions, at, dx, dy) {
  return reshaped(regions, at, (points) => points.map(([x, y]) => /** @type {Spot} */ ([x + dx, y + dy])));
}

/** @param {Region[]} regions @param {number} at @param {Kind} kind */
export function with_kind(regions, at, kind) {
  return regions[at].kind === kind ? regions : with_at(regions, at, { ...regions[at], kind });
}

/** The outline of regions, to be filled or drawn. @param {Region[]} regions @param {Kind} kind */
export function outline(regions, kind) {
  const path = new Path2D();
  for (const region of regions) {
    if (region.kind !== kind) continue;
    const one = new Path2D();
    region.points.forEach(([x, y], at) => (at ? one.lineTo(x, y) : one.moveTo(x, y)));
    one.closePath();
    path.addPath(one);
  }
  return path;
}
