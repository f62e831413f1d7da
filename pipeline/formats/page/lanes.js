// Draws a lane for each speaker, with the waveform inside their speech, and the whole recording above them.

import { chip, make, redraw } from "./dom.js";
import { clock } from "./model.js";
import { colourOf, COLOURS, shared, spansOf, total } from "./speakers.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./speakers.js").Span} Span */

/** Pixels between two bars of a waveform, and their width. */
const PITCH = 3;
const BAR = 2;
/** Pixels of the narrowest overlap that is hatched. */
const HATCHED = 4;
/** Pixels above the lanes for the times. */
const AXIS = 16;
/** Seconds that are shown at least. */
const MIN_VIEW = 5;
/** Seconds that are shown in the beginning at most; a longer recording is scrolled. */
const FIRST_VIEW = 120;
/** Seconds between the times on the axis; the first with enough space is taken. */
const INTERVALS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

/**
 * @param {App} app
 * @param {Uint8Array} peaks
 * @param {{ lanes: HTMLCanvasElement, overview: HTMLCanvasElement, timeline: HTMLElement, labels: HTMLElement, playhead: HTMLElement }} parts
 */
export function createLanes(app, peaks, parts) {
  const { duration, step, turns } = app.page;
  const scale = 1 / Math.max(1, percentile(peaks, 0.995));
  let length = Math.max(MIN_VIEW, Math.min(duration, FIRST_VIEW));
  let from = 0;
  let time = 0;
  let spans = /** @type {Map<string, Span[]>} */ (new Map());
  let overlaps = /** @type {Span[]} */ ([]);
  let planned = 0;

  function update() {
    spans = spansOf(app.state, turns, app.people);
    overlaps = shared(spans.values());
    labels();
    plan();
  }

  function labels() {
    redraw(parts.labels, app.people.map((person) => {
      const talk = total(spans.get(person.name) ?? []);
      return make("button", {
        class: "label", "data-person": person.number, "aria-haspopup": "dialog", title: `Rename ${person.name}`,
      }, chip(person, colourOf(person)), make("span", { class: "name" }, person.name),
      make("span", { class: "talk" }, clock(talk)));
    }));
  }

  function plan() {
    if (!planned) planned = requestAnimationFrame(draw);
  }

  function draw() {
    planned = 0;
    const style = getComputedStyle(parts.lanes);
    const look = {
      colours: Array.from({ length: COLOURS }, (_, i) => style.getPropertyValue(`--s${i}`).trim()),
      ink: style.getPropertyValue("--ink").trim(),
      soft: style.getPropertyValue("--muted").trim(),
      line: style.getPropertyValue("--line").trim(),
    };
    const height = parseFloat(style.getPropertyValue("--lane"));
    parts.lanes.style.height = `${AXIS + height * app.people.length}px`;
    parts.timeline.classList.toggle("thin", length >= duration);
    drawLanes(context(parts.lanes), look, height);
    if (length < duration) drawOverview(context(parts.overview), look);
    else context(parts.overview);
    place();
  }

  /**
   * @param {Drawing} drawing
   * @param {Look} look
   * @param {number} height
   */
  function drawLanes({ pen, width }, look, height) {
    axis(pen, width, look, from, length);
    app.people.forEach((person, i) => {
      const top = AXIS + i * height;
      pen.fillStyle = look.line;
      pen.fillRect(0, top + height / 2, width, 1);
      const colour = look.colours[colourOf(person)];
      for (const span of visible(spans.get(person.name) ?? [])) {
        const [left, right] = edges(span, width);
        pen.globalAlpha = 0.16;
        pen.fillStyle = colour;
        pen.fillRect(left, top + 3, right - left, height - 6);
        pen.globalAlpha = 1;
        wave(pen, colour, left, right, top + height / 2, height / 2 - 4, width);
        for (const both of visible(overlaps)) {
          const [start, end] = edges({ start: Math.max(both.start, span.start), end: Math.min(both.end, span.end) }, width);
          if (end - start > HATCHED) hatch(pen, look.ink, start, end, top + 3, height - 6);
        }
      }
    });
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {string} colour
   * @param {number} left
   * @param {number} right
   * @param {number} middle
   * @param {number} most
   * @param {number} width
   */
  function wave(pen, colour, left, right, middle, most, width) {
    pen.fillStyle = colour;
    if (!peaks.length) {
      pen.fillRect(left, middle - most / 2, right - left, most);
      return;
    }
    for (let x = Math.ceil(left / PITCH) * PITCH; x < right - 1; x += PITCH) {
      const one = Math.floor((from + (x / width) * length) / step);
      const two = Math.max(one + 1, Math.floor((from + ((x + PITCH) / width) * length) / step));
      let high = 0;
      for (let i = one; i < two && i < peaks.length; i += 1) high = Math.max(high, peaks[i]);
      const half = Math.max(0.5, Math.min(1, Math.sqrt(high * scale)) * most);
      pen.fillRect(x, middle - half, BAR, 2 * half);
    }
  }

  /**
   * @param {Drawing} drawing
   * @param {Look} look
   */
  function drawOverview({ pen, width, height }, look) {
    const row = (height - 4) / app.people.length;
    app.people.forEach((person, i) => {
      pen.fillStyle = look.colours[colourOf(person)];
      for (const span of spans.get(person.name) ?? []) {
        const left = (span.start / duration) * width;
        pen.fillRect(left, 2 + i * row, Math.max(1, ((span.end - span.start) / duration) * width), Math.max(1, row - 1));
      }
    });
    pen.strokeStyle = look.ink;
    pen.lineWidth = 1.5;
    pen.strokeRect((from / duration) * width + 1, 1, Math.max(4, (length / duration) * width - 2), height - 2);
  }

  /** @param {readonly Span[]} all */
  function visible(all) {
    return all.filter((span) => span.start < from + length && span.end > from);
  }

  /**
   * @param {Span} span
   * @param {number} width
   */
  function edges(span, width) {
    const left = Math.max(0, ((span.start - from) / length) * width);
    return [left, Math.min(width, Math.max(left + 1, ((span.end - from) / length) * width))];
  }

  function place() {
    const share = (time - from) / length;
    parts.playhead.style.left = `${share * 100}%`;
    parts.playhead.hidden = share < 0 || share > 1;
  }

  /** @param {number} wanted */
  function scrollTo(wanted) {
    const next = Math.min(Math.max(0, wanted), Math.max(0, duration - length));
    if (next === from) return;
    from = next;
    plan();
  }

  return {
    update,
    plan,
    /** @param {number} now */
    showTime(now) {
      time = now;
      if (time < from || time > from + length * 0.92) scrollTo(time - length * 0.1);
      place();
    },
    /** @param {number} factor above 1: a shorter time is shown */
    zoom(factor) {
      length = Math.min(Math.max(MIN_VIEW, length / factor), Math.max(MIN_VIEW, duration));
      from = Math.min(Math.max(0, time - length / 2), Math.max(0, duration - length));
      plan();
    },
    /** @param {number} share of the width */
    timeAt(share) {
      return from + share * length;
    },
  };
}

/** @typedef {{ pen: CanvasRenderingContext2D, width: number, height: number }} Drawing */
/** @typedef {{ colours: string[], ink: string, soft: string, line: string }} Look */

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Drawing}
 */
function context(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number} width
 * @param {Look} look
 * @param {number} from
 * @param {number} length
 */
function axis(pen, width, look, from, length) {
  const interval = INTERVALS.find((each) => (each / length) * width >= 64) ?? 7200;
  pen.font = "11px system-ui, sans-serif";
  pen.textBaseline = "top";
  for (let time = Math.ceil(from / interval) * interval; time < from + length; time += interval) {
    const x = ((time - from) / length) * width;
    pen.fillStyle = look.line;
    pen.fillRect(x, 0, 1, 2000);
    pen.fillStyle = look.soft;
    if (x < width - 40) pen.fillText(clock(time), x + 4, 1);
  }
}

/**
 * Diagonal lines: someone else speaks, too. It is seen without colour.
 * @param {CanvasRenderingContext2D} pen
 * @param {string} colour
 * @param {number} left
 * @param {number} right
 * @param {number} top
 * @param {number} height
 */
function hatch(pen, colour, left, right, top, height) {
  pen.save();
  pen.beginPath();
  pen.rect(left, top, right - left, height);
  pen.clip();
  pen.beginPath();
  for (let x = left - height - (left % 6); x < right; x += 6) {
    pen.moveTo(x, top + height);
    pen.lineTo(x + height, top);
  }
  pen.strokeStyle = colour;
  pen.globalAlpha = 0.5;
  pen.lineWidth = 1;
  pen.stroke();
  pen.globalAlpha = 0.8;
  pen.strokeRect(left + 0.5, top + 0.5, Math.max(1, right - left - 1), height - 1);
  pen.restore();
}

/**
 * @param {Uint8Array} values
 * @param {number} share
 */
function percentile(values, share) {
  const sorted = Uint8Array.from(values).sort();
  return sorted.length ? sorted[Math.floor((sorted.length - 1) * share)] : 0;
}
