// @ts-check
// How a timeline looks. Colours come from the theme; nothing here knows a hand.

/** @typedef {import("./timeline.js").Timeline} Timeline */

/** @param {CanvasRenderingContext2D} context @param {Timeline} line @param {number} width */
export function draw_timeline(context, line, width) {
  const style = getComputedStyle(line);
  const color = (/** @type {string} */ name) => style.getPropertyValue(name).trim() || "#888";
  context.font = `${style.getPropertyValue("--small")} ${style.fontFamily}`;
  states(context, line, color);
  ruler(context, line, color, width);
  ranges(context, line, color);
  if (line.graph) graph(context, line, color, width);
  selection(context, line, color);
  cuts(context, line, color);
  keys(context, line, color);
  playhead(context, line, color);
}

/** @param {CanvasRenderingContext2D} context @param {Timeline} line @param {(name: string) => string} color */
function states(context, line, color) {
  const [top, below] = line.rows.state;
  context.fillStyle = color("--sunken");
  context.fillRect(line.x_of(Math.max(line.from, 0)), top, line.x_of(line.from + line.shown) - line.x_of(line.from), below - top);
  const end = Math.min(line.letters.length, Math.ceil(line.from + line.shown));
  for (let first = Math.floor(line.from); first < end; ) {
    let last = first;
    while (last + 1 < end && line.letters[last + 1] === line.letters[first]) last += 1;
    const name = line.state_colors[line.letters[first]];
    if (name) {
      context.fillStyle = color(name);
      const x = Math.max(line.x_of(first), line.x_of(line.from));
      context.fillRect(x, top, Math.max(1, Math.min(line.x_of(last + 1), line.x_of(line.from + line.shown)) - x - (line.x_of(1) - line.x_of(0) > 5 ? 1 : 0)), below - top);
    }
    first = last + 1;
  }
}

/** @param {CanvasRenderingContext2D} context @param {Timeline} line @param {(name: string) => string} color @param {number} width */
function ruler(context, line, color, width) {
  const wanted = (line.shown / width) * 90;
  const step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10000, 20000, 50000].find((one) => one >= wanted) ?? 100000;
  context.fillStyle = color("--dim");
  context.textBaseline = "middle";
  for (let frame = Math.ceil(line.from / step) * step; frame < line.from + line.shown; frame += step) {
    const x = line.x_of(frame);
    context.fillRect(x, 14, 1, 5);
    context.fillText(String(frame), x + 3, 8);
  }
}

/** @param {CanvasRenderingContext2D} context @param {Timeline} line @param {(name: string) => string} color */
function cuts(context, line, color) {
  context.strokeStyle = color("--text");
  context.setLineDash([3, 3]);
  context.beginPath();
  for (const frame of line.cuts) {
    if (frame <= line.from || frame >= line.from + line.shown) continue;
    context.moveTo(line.x_of(frame), 2);
    context.lineTo(line.x_of(frame), line.clientHeight - 2);
  }
  context.stroke();
  context.setLineDash([]);
}

/** @param {CanvasRenderingContext2D} context @param {Timeline} line @param {(name: string) => string} color */
function ranges(context, line, color) {
  const [top, below] = line.rows.ranges;
  const edge = line.x_of(line.from + line.shown);
  for (const range of line.ranges) {
    if (range.last < line.from || range.first >= line.from + line.shown) continue;
    const x = Math.max(line.x_of(line.from), line.x_of(range.first));
    const wide = Math.max(3, Math.min(edge, line.x_of(range.last + 1)) - x);
    context.fillStyle = color("--chosen");
    context.fillRect(x, top, wide, below - top);
    context.strokeStyle = color("--accent");
    context.strokeRect(x + 0.5, top + 0.5, wide - 1, below - top - 1);
    if (wide < 40) continue;
    context.save();
    context.beginPath();
    context.rect(x, top, wide, below - top);
    context.clip();
    context.fillStyle = color("--text");
    context.fillText(range.words, x + 4, (top + below) / 2 + 0.5);
    context.restore();
  }
}

/** A diamond; square where it holds. @param {CanvasRenderingContext2D} context @param {Timeline} line @param {(name: string) => string} color */
function keys(context, line, color) {
  const [top, below] = line.rows.keys;
  const y = (top + below) / 2;
  const places = line.keys.map((key) => ({ key, frame: line.moving?.frame === key.frame ? line.moving.to : key.frame }));
  const x_of = (/** @type {number} */ frame) => (line.x_of(frame) + line.x_of(frame + 1)) / 2;
  const seen = places.filter(({ frame }) => frame >= line.from - 1 && frame <= line.from + line.shown);
  if (places.length > 1) {
    context.strokeStyle = color("--edge");
    context.beginPath();
    context.moveTo(Math.max(0, x_of(places[0].frame)), y);
    context.lineTo(Math.min(line.clientWidth, x_of(places[places.length - 1].frame)), y);
    context.stroke();
  }
  for (const { key, frame } of seen) {
    const x = x_of(frame);
    const here = frame === line.at;
    context.fillStyle = color(here ? "--accent" : "--warn");
    context.beginPath();
    if (key.ease === "hold") context.rect(x - 5, y - 5, 10, 10);
    else if (key.ease === "smooth") context.arc(x, y, 6, 0, 2 * Math.PI);
    else for (const [dx, dy] of [[0, -7], [7, 0], [0, 7], [-7, 0]]) context.lineTo(x + dx, y + dy);
    context.closePath();
    context.fill();
    context.strokeStyle = color("--bg");
    context.stroke();
  }
}

/** @param {CanvasRenderingContext2D} context @param {Timeline} line @param {(name: string) => string} color @param {number} width */
function graph(context, line, color, width) {
  const { graph } = line;
  const [top, below] = line.rows.graph;
  if (!graph || below - top < 12) return;
  const numbers = graph.lines.flatMap((one) => one.values.filter((value) => value !== null)).map(Number);
  const most = Math.max(...numbers, 1e-6) * 1.08;
  const y_of = (/** @type {number} */ value) => below - (value / most) * (below - top);
  context.save();
  context.beginPath();
  context.rect(line.x_of(line.from), top, line.x_of(line.from + line.shown) - line.x_of(line.from), below - top);
  context.clip();
  context.lineWidth = 1.5;
  for (const one of graph.lines) {
    context.strokeStyle = color(one.color);
    context.beginPath();
    let drawing = false;
    graph.frames.forEach((frame, place) => {
      const value = one.values[place];
      if (value === null || frame < line.from - 2 || frame > line.from + line.shown + 2) return void (drawing = false);
      const x = (line.x_of(frame) + line.x_of(frame + 1)) / 2;
      if (drawing) context.lineTo(x, y_of(value));
      else context.moveTo(x, y_of(value));
      drawing = true;
    });
    context.stroke();
  }
  context.restore();
  context.lineWidth = 1;
  let x = width - 12;
  for (const one of [...graph.lines].reverse()) {
    x -= context.measureText(one.words).width + 10;
    context.fillStyle = color(one.color);
    context.fillText(one.words, x, top + 7);
  }
  context.fillStyle = color("--dim");
  context.fillText(`${graph.words}, up to ${most.toPrecision(2)} ${graph.unit}`, line.x_of(line.from) + 3, top + 7);
}

/** @param {CanvasRenderingContext2D} context @param {Timeline} line @param {(name: string) => string} color */
function selection(context, line, color) {
  if (!line.selection) return;
  const { first, last } = line.selection;
  const [x, end] = [line.x_of(first), line.x_of(last + 1)];
  context.fillStyle = color("--accent");
  context.globalAlpha = 0.22;
  context.fillRect(x, 0, end - x, line.clientHeight);
  context.globalAlpha = 1;
  context.fillRect(x, 0, 1, line.clientHeight);
  context.fillRect(end - 1, 0, 1, line.clientHeight);
}

/** @param {CanvasRenderingContext2D} context @param {Timeline} line @param {(name: string) => string} color */
function playhead(context, line, color) {
  const [x, end] = [line.x_of(line.at), line.x_of(line.at + 1)];
  const middle = (x + end) / 2;
  context.fillStyle = color("--focus");
  context.globalAlpha = 0.25;
  if (end - x > 2) context.fillRect(x, 18, end - x, line.clientHeight);
  context.globalAlpha = 1;
  context.fillRect(middle - 0.75, 16, 1.5, line.clientHeight);
  const words = String(line.at);
  const wide = context.measureText(words).width + 10;
  const left = Math.max(0, Math.min(line.clientWidth - wide, middle - wide / 2));
  context.fillRect(left, 0, wide, 16);
  context.fillStyle = color("--bg");
  context.fillText(words, left + 5, 8.5);
}
