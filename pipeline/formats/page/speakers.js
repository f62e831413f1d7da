// People of the conversation: labels that show one name are one person, with one number, colour and talk time.

/** @typedef {import("./model.js").State} State */
/** @typedef {import("./model.js").Turn} Turn */
/** @typedef {{ start: number, end: number }} Span */

/**
 * @typedef {object} Person
 * @property {number} number  from 1, in order of appearance; the key that gives words to them
 * @property {string} name
 * @property {readonly string[]} labels
 */

/** Number of colours in the style sheet. */
export const COLOURS = 8;

/**
 * @param {State} state
 * @returns {Person[]}
 */
export function people(state) {
  /** @type {Map<string, string[]>} */
  const labels = new Map();
  for (const label of state.speakers) {
    const name = state.names.get(label) ?? label;
    labels.set(name, [...(labels.get(name) ?? []), label]);
  }
  return [...labels].map(([name, own], i) => ({ number: i + 1, name, labels: own }));
}

/**
 * The person of each label.
 * @param {readonly Person[]} persons
 */
export function byLabel(persons) {
  return new Map(persons.flatMap((person) => person.labels.map((label) => [label, person])));
}

/** @param {Person} person */
export function colourOf(person) {
  return (person.number - 1) % COLOURS;
}

/**
 * When each person speaks: the turns, and words that were given to another speaker with them.
 * @param {State} state
 * @param {readonly Turn[]} turns
 * @param {readonly Person[]} persons
 * @returns {Map<string, Span[]>} by name
 */
export function spansOf(state, turns, persons) {
  const person = byLabel(persons);
  /** @type {Map<string, Span[]>} */
  const spans = new Map(persons.map((each) => [each.name, []]));
  const moved = movedSpans(state);
  for (const turn of turns) {
    const gone = moved.filter((each) => each.from === turn.speaker && each.start < turn.end && each.end > turn.start);
    spans.get(person.get(turn.speaker)?.name ?? "")?.push(...without(turn, gone));
  }
  for (const each of moved) spans.get(person.get(each.to)?.name ?? "")?.push(each);
  return new Map([...spans].map(([name, own]) => [name, union(own)]));
}

/** @param {readonly Span[]} spans */
export function total(spans) {
  return spans.reduce((sum, span) => sum + span.end - span.start, 0);
}

/**
 * Spans in which two or more people speak.
 * @param {Iterable<readonly Span[]>} spans of each person
 * @returns {Span[]}
 */
export function shared(spans) {
  const edges = [...spans].flat().flatMap((span) => [[span.start, 1], [span.end, -1]]);
  edges.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const found = [];
  let count = 0;
  let start = 0;
  for (const [time, step] of edges) {
    if (count === 1 && step === 1) start = time;
    if (count === 2 && step === -1 && time > start) found.push({ start, end: time });
    count += step;
  }
  return found;
}

/** @param {State} state */
function movedSpans(state) {
  /** @type {(Span & { from: string, to: string })[]} */
  const moved = [];
  for (const line of state.lines) {
    let open = null;
    for (const word of line.words) {
      if (word.home === line.speaker) {
        open = null;
      } else if (open && open.from === word.home) {
        open.end = Math.max(open.end, word.end);
      } else {
        open = { start: word.start, end: word.end, from: word.home, to: line.speaker };
        moved.push(open);
      }
    }
  }
  return moved;
}

/**
 * @param {Span} span
 * @param {readonly Span[]} holes
 * @returns {Span[]}
 */
function without(span, holes) {
  let rest = [{ start: span.start, end: span.end }];
  for (const hole of holes) {
    rest = rest.flatMap(({ start, end }) => [
      { start, end: Math.min(end, hole.start) },
      { start: Math.max(start, hole.end), end },
    ]).filter(({ start, end }) => start < end);
  }
  return rest;
}

/**
 * @param {readonly Span[]} spans
 * @returns {Span[]}
 */
function union(spans) {
  /** @type {Span[]} */
  const joined = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const last = joined[joined.length - 1];
    if (last && span.start <= last.end) last.end = Math.max(last.end, span.end);
    else joined.push({ start: span.start, end: span.end });
  }
  return joined;
}
