// @ts-check
// <us-chart>: lines with a band from lowest to highest, marks, zoom with drag, wheel and keys, around vendored uPlot.
// Colours are the theme's. Where the figures come from, and how thin they are, is the owner's matter: it hears "zoom".

import uPlot from "../vendor/uPlot.js";
import { h, say, StudioElement } from "./element.js";
import { styles } from "./styles.js";

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {string} color a variable of the theme, e.g. "--accent"
 * @property {(number | null)[]} mean
 * @property {(number | null)[]} [low] @property {(number | null)[]} [high]
 * @property {number[]} [dash]
 * @property {boolean} [hidden]
 */

/**
 * @typedef {object} Mark
 * @property {number} x
 * @property {string} letter one character at its head
 * @property {string} words told when the pointer is near
 * @property {string} color a variable of the theme
 */

/**
 * @typedef {object} ChartData
 * @property {number[]} x
 * @property {Line[]} lines
 * @property {Mark[]} [marks]
 * @property {number | null} [at] a line across, e.g. where a scrubber stands
 */

const ZOOM_STEP = 1.3;
const NEAR_PX = 7;

/** What a figure looks like on an axis and in the readout. @param {number} value */
export function figure_words(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 100000) return `${(value / 1000).toLocaleString("en", { maximumFractionDigits: 0 })}k`;
  if (size >= 100) return value.toLocaleString("en", { maximumFractionDigits: 0 });
  return size < 0.001 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

/** Round figures of a logarithmic axis: 1, 2, 5 of every power of ten, or even steps where few of them lie there. @param {number} low @param {number} high */
export function log_splits(low, high) {
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 }, (_, at) => Math.floor(Math.log10(low)) + at);
  const steps = powers.length > 4 ? [1] : [1, 2, 5];
  const inside = (/** @type {number[]} */ splits) => splits.map((value) => Number(value.toPrecision(9))).filter((value) => value >= low && value <= high);
  const found = inside(powers.flatMap((power) => steps.map((step) => step * 10 ** power)));
  if (found.length >= 3) return found;
  const rough = (high - low) / 5;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = /** @type {number} */ ([1, 2, 5, 10].find((one) => one * unit >= rough)) * unit;
  return inside(Array.from({ length: 6 }, (_, at) => (Math.ceil(low / step) + at) * step));
}

export class Chart extends StudioElement {
  /** @type {ChartData} */
  #data = { x: [], lines: [] };
  #log = true;
  #log_x = false;
  /** The whole course, beyond which there is nothing to zoom out to. @type {[number, number]} */
  span = [0, 1];
  /** What is shown of it; null for all. @type {[number, number] | null} */
  shown = null;
  /** Words of the axis below. */
  x_words = "iteration";
  #empty_words = "";
  /** @type {uPlot | null} */
  plot = null;

  async enter() {
    this.setAttribute("role", "img");
    this.place = h("div", { class: "chart-plot" });
    this.readout = h("div", { class: "chart-readout small", role: "status" });
    this.none = h("p", { class: "empty", hidden: true });
    this.replaceChildren(this.readout, this.place, this.none);
    await Promise.all([styles(new URL("../vendor/uPlot.css", import.meta.url)), styles(new URL("./chart.css", import.meta.url))]);
    if (!this.isConnected) return;
    this.sizes = new ResizeObserver(() => this.#fit());
    this.sizes.observe(this.place);
    this.theme = new MutationObserver(() => this.#build());
    this.theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    this.listen(this.place, "wheel", (event) => this.#wheel(event), { passive: false });
    this.#build();
  }

  leave() {
    this.sizes?.disconnect();
    this.theme?.disconnect();
    this.plot?.destroy();
    this.plot = null;
  }

  /** Words over an empty chart. */
  get empty_words() {
    return this.#empty_words;
  }

  set empty_words(words) {
    if (words === this.#empty_words) return;
    this.#empty_words = words;
    this.#tell_empty();
  }

  get data() {
    return this.#data;
  }

  set data(data) {
    const alike = data.lines.length === this.#data.lines.length && data.lines.every((line, at) => line.label === this.#data.lines[at].label && line.color === this.#data.lines[at].color && Boolean(line.hidden) === Boolean(this.#data.lines[at].hidden));
    this.#data = data;
    if (!this.place) return;
    if (!alike || !this.plot) this.#build();
    else this.#fill();
  }

  get log() {
    return this.#log;
  }

  set log(on) {
    this.#log = on;
    this.#build();
  }

  set log_x(/** @type {boolean} */ on) {
    this.#log_x = on;
    this.#build();
  }

  /** Where a scrubber stands; null for nowhere. @param {number | null} at */
  point_at(at) {
    this.#data.at = at;
    this.plot?.redraw(false);
  }

  /** @param {number} factor above 1 shows less @param {number} [around] a value on the x axis */
  zoom(factor, around) {
    const [low, high] = this.shown ?? this.span;
    const middle = around ?? (low + high) / 2;
    this.show(middle - (middle - low) / factor, middle + (high - middle) / factor);
  }

  /** @param {number} share of what is shown, to the right where positive */
  pan(share) {
    const [low, high] = this.shown ?? this.span;
    const step = share * (high - low);
    const free = Math.max(Math.min(step, this.span[1] - high), this.span[0] - low);
    this.show(low + free, high + free);
  }

  /** Show a stretch; null, or all of it, shows whatever comes. @param {number | null} low @param {number} [high] */
  show(low, high = 0) {
    const [first, last] = this.span;
    const all = low === null || (low <= first && high >= last);
    this.shown = all ? null : [Math.max(first, /** @type {number} */ (low)), Math.min(last, high)];
    if (this.shown && this.shown[1] - this.shown[0] < 1) return;
    this.#scale();
    this.dispatchEvent(new CustomEvent("zoom", { detail: this.shown }));
  }

  #color(/** @type {string} */ name) {
    return getComputedStyle(this).getPropertyValue(name).trim();
  }

  #build() {
    if (!this.place || !this.isConnected) return;
    this.plot?.destroy();
    const lines = this.#data.lines;
    const axis = { stroke: this.#color("--dim"), grid: { stroke: this.#color("--line"), width: 1 }, ticks: { stroke: this.#color("--line"), size: 4 }, font: `12px ${getComputedStyle(this).fontFamily}` };
    /** @type {uPlot.Series[]} */
    const series = [{ label: this.x_words }];
    /** @type {uPlot.Band[]} */
    const bands = [];
    for (const line of lines) {
      const stroke = this.#color(line.color);
      series.push({ label: line.label, stroke, width: 1.6, dash: line.dash, show: !line.hidden, points: { show: line.mean.length < 3, size: 5, fill: stroke } });
      const edge = { stroke: `color-mix(in srgb, ${stroke} 40%, transparent)`, width: 0.8, show: !line.hidden, points: { show: false } };
      series.push({ ...edge, label: `${line.label} highest` }, { ...edge, label: `${line.label} lowest` });
      bands.push({ series: [series.length - 2, series.length - 1], fill: `color-mix(in srgb, ${stroke} 22%, transparent)` });
    }
    const { width, height } = this.#size();
    /** @type {uPlot.Options} */
    const options = {
      width,
      height,
      legend: { show: false },
      cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
      scales: { x: { time: false, distr: this.#log_x ? 3 : 1, range: () => this.#x_range() }, y: { distr: this.#log ? 3 : 1, range: (_, low, high) => this.#y_range(low, high) } },
      axes: [
        { ...axis, size: 30, values: (_, values) => values.map((value) => (value === null ? "" : figure_words(value))) },
        { ...axis, size: 56, ...(this.#log && { splits: (/** @type {uPlot} */ _, /** @type {number} */ __, /** @type {number} */ low, /** @type {number} */ high) => log_splits(low, high), filter: (/** @type {uPlot} */ _, /** @type {number[]} */ splits) => splits }), values: (_, values) => values.map((value) => (value === null ? "" : figure_words(value))) },
      ],
      series,
      bands,
      hooks: {
        draw: [(plot) => this.#draw_marks(plot)],
        setCursor: [(plot) => this.#read(plot)],
        setSelect: [(plot) => this.#select(plot)],
      },
    };
    this.plot = new uPlot(options, this.#columns(), /** @type {HTMLElement} */ (this.place));
    this.plot.over.addEventListener("dblclick", () => this.show(null));
    this.#tell_empty();
    this.#read(this.plot);
  }

  /** @returns {uPlot.AlignedData} */
  #columns() {
    const { x, lines } = this.#data;
    const columns = lines.flatMap((line) => [line.mean, line.high ?? line.mean, line.low ?? line.mean].map((values) => (this.#log ? values.map((value) => (value !== null && value > 0 ? value : null)) : values)));
    return /** @type {any} */ ([x, ...columns]);
  }

  #fill() {
    this.plot?.setData(this.#columns(), true);
    this.#tell_empty();
    if (this.plot) this.#read(this.plot);
  }

  #tell_empty() {
    if (!this.none) return;
    this.none.hidden = this.#data.x.length > 0 || !this.empty_words;
    say(this.none, this.empty_words);
    this.setAttribute("aria-label", this.#data.x.length ? `Curve of ${this.#data.lines.map((line) => line.label).join(", ")}` : this.empty_words);
  }

  #x_range() {
    const [low, high] = this.shown ?? this.span;
    return /** @type {[number, number]} */ (high > low ? [low, high] : [low, low + 1]);
  }

  /** Nearly all of it: one spike of a hundred flattens nothing. @returns {[number, number]} @param {number} low @param {number} high */
  #y_range(low, high) {
    const tops = this.#data.lines.filter((line) => !line.hidden).flatMap((line) => line.high ?? line.mean);
    const known = /** @type {number[]} */ (tops.filter((value) => value !== null && (!this.#log || value > 0))).sort((a, b) => a - b);
    if (known.length > 100) high = known[Math.floor(known.length * 0.995)];
    if (low === null || low === undefined || !Number.isFinite(low) || !Number.isFinite(high)) return this.#log ? [0.1, 1] : [0, 1];
    if (this.#log) return [low * 0.94, Math.max(high, low * 1.05) * 1.06];
    const bottom = Math.min(0, low);
    return [bottom, (high > bottom ? high : bottom + 1) * 1.05];
  }

  #scale() {
    const [min, max] = this.#x_range();
    this.plot?.setScale("x", { min, max });
  }

  #size() {
    const box = /** @type {HTMLElement} */ (this.place).getBoundingClientRect();
    return { width: Math.max(80, Math.floor(box.width)), height: Math.max(60, Math.floor(box.height)) };
  }

  #fit() {
    const { width, height } = this.#size();
    if (this.plot && (this.plot.width !== width || this.plot.height !== height)) this.plot.setSize({ width, height });
  }

  /** @param {uPlot} plot */
  #draw_marks(plot) {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.font = `600 ${10 * ratio}px ${getComputedStyle(this).fontFamily}`;
    ctx.textAlign = "center";
    let last = -Infinity;
    for (const mark of this.#data.marks ?? []) {
      const x = plot.valToPos(mark.x, "x", true);
      if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue;
      ctx.strokeStyle = ctx.fillStyle = this.#color(mark.color);
      ctx.globalAlpha = 0.55;
      ctx.lineWidth = ratio;
      ctx.setLineDash([3 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.globalAlpha = 1;
      if (x - last > 11 * ratio) ctx.fillText(mark.letter, x, bbox.top + 9 * ratio), (last = x);
    }
    if (typeof this.#data.at === "number") {
      const x = plot.valToPos(this.#data.at, "x", true);
      ctx.setLineDash([]);
      ctx.strokeStyle = this.#color("--text");
      ctx.lineWidth = 1.5 * ratio;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  /** The figures under the pointer, or the newest. @param {uPlot} plot */
  #read(plot) {
    const { x, lines, marks = [] } = this.#data;
    if (!this.readout) return;
    const left = plot.cursor.left ?? -1;
    const index = left >= 0 ? (plot.cursor.idx ?? x.length - 1) : x.length - 1;
    const near = left >= 0 ? marks.filter((mark) => Math.abs(plot.valToPos(mark.x, "x") - left) <= NEAR_PX) : [];
    const parts = [h("span", { class: "dim" }, x.length ? `${this.x_words} ${figure_whole(x[Math.max(0, index)], this.#log_x)}` : "")];
    for (const line of lines) {
      if (line.hidden) continue;
      const value = line.mean[index];
      const key = h("span", { class: "chart-key" });
      key.style.background = `var(${line.color})`;
      parts.push(h("span", { class: "chart-figure" }, key, `${line.label} `, h("b", {}, value === null || value === undefined ? "–" : figure_words(value))));
    }
    for (const mark of near) parts.push(h("span", { class: "chart-near" }, `${mark.letter} ${figure_whole(mark.x, false)}: ${mark.words}`));
    this.readout.replaceChildren(...parts);
  }

  /** @param {uPlot} plot */
  #select(plot) {
    const { left, width } = plot.select;
    if (width > 4) this.show(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (!this.plot || !this.#data.x.length) return;
    event.preventDefault();
    const box = this.plot.over.getBoundingClientRect();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.pan(event.deltaX / box.width);
    else this.zoom(event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP, this.plot.posToVal(event.clientX - box.left, "x"));
  }

  /** Keys a chart has; add them to the room's. @returns {import("./keys.js").KeyAction[]} */
  keys() {
    return [
      { key: "+", does: "Show less of the curve, larger", run: () => this.zoom(ZOOM_STEP), repeats: true },
      { key: "-", does: "Show more of the curve", run: () => this.zoom(1 / ZOOM_STEP), repeats: true },
      { key: "0", does: "Show the whole curve", run: () => this.show(null) },
      { key: "ArrowLeft", shift: true, does: "Earlier part of the curve", run: () => this.pan(-0.2), repeats: true },
      { key: "ArrowRight", shift: true, does: "Later part of the curve", run: () => this.pan(0.2), repeats: true },
    ];
  }
}

/** @param {number} value @param {boolean} exact */
function figure_whole(value, exact) {
  return exact ? figure_words(value) : Math.round(value).toLocaleString("en");
}

customElements.define("us-chart", Chart);
