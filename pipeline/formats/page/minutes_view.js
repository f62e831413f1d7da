// The minutes: topics with key points, decisions, actions and open questions, each with its moment.

import { byId, chip, make, redraw } from "./dom.js";
import { entriesOf, entryOf } from "./marks.js";
import { clock } from "./model.js";
import { colourOf } from "./speakers.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./marks.js").Entry} Entry */
/** @typedef {import("./marks.js").Group} Group */
/** @typedef {import("./model.js").Minutes} Minutes */
/** @typedef {import("./model.js").Topic} Topic */

/** What an item of each kind is called, and what its button says. */
const KINDS = new Map([
  ["points", { title: "Key points", one: "key point", not: "Not a key point" }],
  ["decisions", { title: "Decisions", one: "decision", not: "Not a decision" }],
  ["actions", { title: "Actions", one: "action", not: "Not an action" }],
  ["questions", { title: "Open questions", one: "open question", not: "Not an open question" }],
]);

/**
 * What an item of a kind is called.
 * @param {string} kind
 */
export function kindName(kind) {
  return KINDS.get(kind)?.one ?? kind;
}

/**
 * @param {App} app
 * @param {HTMLElement} list
 */
export function createMinutes(app, list) {
  const { minutes } = app.page;
  /** @type {Entry[]} */
  let shown = [];
  /** @type {unknown} what the chosen item was made from */
  let current = null;

  function update() {
    if (!minutes) return;
    shown = [];
    redraw(list, [facts(minutes), agenda(minutes), previous(minutes), topics(minutes),
      ...["decisions", "actions", "questions"].flatMap((kind) => items(minutes, kind)), annex(minutes)]);
  }

  /**
   * Who talks how much, for print: the lanes show it on the screen.
   * @param {Minutes} of
   */
  function facts({ people }) {
    /** @type {Map<string, number>} */
    const shares = new Map();
    for (const [label, share] of people) {
      const { name } = app.personOf(label);
      shares.set(name, (shares.get(name) ?? 0) + share);
    }
    const talk = [...shares].map(([name, share]) => `${name} ${Math.round(100 * share)} %`);
    return make("p", { class: "facts" }, `Share of the talk: ${talk.join(", ")}`);
  }

  /** @param {Minutes} of */
  function agenda({ agenda: lines, topics: all }) {
    const rows = lines.map(({ text, topics: numbers, mention }) => make("li", { class: "agenda-line" },
      make("span", { dir: "auto" }, text),
      numbers.length ? make("span", { class: "times" }, ...numbers.map((number) => time(all, number)))
        : make("span", { class: "absent" }, "not discussed"),
      mentioned(mention)));
    return section("Agenda", rows.length ? make("ol", {}, ...rows) : "");
  }

  /** @param {Minutes} of */
  function previous({ previous: earlier }) {
    const rows = earlier.map(({ text, speaker, who, due, mention }) => make("li", { class: "earlier" },
      make("p", {}, make("b", {}, speaker), " ", make("span", { dir: "auto" }, `“${text}”`)),
      make("p", { class: "why" }, ...task(who, due), make("span", {}, mention ? "perhaps here:" : "not mentioned")),
      mentioned(mention)));
    return section("Earlier actions", rows.length ? make("ul", {}, ...rows) : "");
  }

  /** @param {import("./model.js").MinutesItem | null} mention a passage that is nothing but shown */
  function mentioned(mention) {
    const mark = mention && app.state.marks.find((each) => each.item === mention);
    const entry = mark && entryOf(mark, app.state.lines);
    return entry ? make("ul", {}, item(entry, "")) : "";
  }

  /** @param {Minutes} of */
  function topics(of) {
    const points = entriesOf(app.state, "points");
    const rows = of.topics.map((topic, number) => {
      const own = points.filter((entry) => topicOf(entry, of.topics) === number);
      return make("li", { class: "topic" },
        make("h4", { dir: "auto" }, topic.title || "Without a title"), time(of.topics, number), ...gist(topic.label, of),
        ...(own.length ? [make("ul", { class: "entries" }, ...own.map((entry) => item(entry, "points")))] : []));
    });
    return section("Topics", rows.length ? make("ol", { class: "topics" }, ...rows) : "");
  }

  /**
   * @param {Minutes} of
   * @param {string} kind
   */
  function items({ kinds }, kind) {
    const entries = entriesOf(app.state, kind);
    if (!entries.length && !kinds.includes(kind)) return [];
    const list = make("ul", { class: "entries" }, ...entries.map((entry) => item(entry, kind)));
    return [section(KINDS.get(kind)?.title ?? kind, entries.length ? list : make("p", { class: "absent" }, "Nothing was found."))];
  }

  /**
   * @param {Entry} entry
   * @param {string} kind  "": it cannot be rejected
   */
  function item(entry, kind) {
    const number = shown.push(entry) - 1;
    const { item: found, operation } = entry.mark;
    const out = entry.rejections.length > 0;
    const time = clock(entry.start);
    const go = make("button", { class: "go", "data-entry": number, "aria-current": keyOfEntry(entry) === current || undefined },
      make("span", { class: "when" }, time),
      make("span", { class: "what" }, ...entry.groups.map(words)),
      ...gist(found?.label ?? "", minutes),
      ...why(entry, out || (operation ? "added by you" : found?.reason === "added by a person" ? found.reason : "")));
    const reject = make("button", {
      class: "reject", "data-reject": number, "aria-pressed": out, title: KINDS.get(kind)?.not,
      "aria-label": `${KINDS.get(kind)?.not}: ${time}`,
    });
    return make("li", { class: out ? "entry out" : "entry" }, go, ...(kind ? [reject] : []));
  }

  /** @param {Group} group */
  function words({ speaker, text }) {
    const person = app.personOf(speaker);
    return make("span", { class: "said" }, chip(person, colourOf(person)), make("b", {}, person.name), " ",
      make("span", { class: "quote", dir: "auto", lang: app.page.language ?? undefined }, `“${text}”`));
  }

  /**
   * @param {Entry} entry
   * @param {string | boolean} note
   */
  function why({ mark, groups }, note) {
    const who = mark.item?.who === true ? app.personOf(groups[0].speaker).name : mark.item?.who ?? "";
    const remark = note === true ? "left out when the minutes are made again" : note;
    const parts = [...task(who, mark.item?.due ?? ""), ...(remark ? [make("span", {}, remark)] : [])];
    return parts.length ? [make("span", { class: "why" }, ...parts)] : [];
  }

  /** @param {Minutes} of */
  function annex({ annex: lines }) {
    return section("How these minutes were made", make("ul", { class: "annex" }, ...lines.map((line) => make("li", {}, line))));
  }

  return {
    update,
    /** @param {number} number */
    entry(number) {
      return shown[number];
    },
    /** @param {number} number */
    choose(number) {
      current = keyOfEntry(shown[number]);
      for (const button of list.querySelectorAll("[data-entry]")) {
        if (button.getAttribute("data-entry") === String(number)) button.setAttribute("aria-current", "true");
        else button.removeAttribute("aria-current");
      }
    },
    /** Shows the chosen item, or the beginning. */
    focus() {
      const target = /** @type {HTMLElement} */ (list.querySelector("[aria-current]") ?? byId("minutes"));
      target.focus({ preventScroll: true });
      target.scrollIntoView({ block: "nearest" });
    },
  };
}

/** @param {Entry} entry */
function keyOfEntry({ mark }) {
  return mark.operation ?? mark.item;
}

/**
 * The topic in which an item begins.
 * @param {Entry} entry
 * @param {readonly Topic[]} topics
 */
function topicOf({ mark, start }, topics) {
  return mark.item?.topic ?? Math.max(0, topics.filter((topic) => topic.start <= start).length - 1);
}

/**
 * @param {readonly Topic[]} topics
 * @param {number} number
 */
function time(topics, number) {
  const { start, end } = topics[number];
  return make("button", { class: "span-of-time", "data-topic": number }, `${clock(start)} – ${clock(end)}`);
}

/**
 * A label, as the words of a model that it is.
 * @param {string} label
 * @param {Minutes | null} minutes
 */
function gist(label, minutes) {
  if (!label) return [];
  const by = make("span", { class: "by" }, `label by ${minutes?.model || "a language model"}`);
  return [make("span", { class: "gist" }, by, " ", make("span", { dir: "auto" }, label))];
}

/**
 * Who does it, and until when.
 * @param {string} who
 * @param {string} due
 */
function task(who, due) {
  return [["who", who], ["until", due]].filter(([, value]) => value).map(([name, value]) =>
    make("span", { class: "task" }, `${name}: `, make("b", { dir: "auto" }, value)));
}

/**
 * @param {string} title
 * @param {Node | string} content
 */
function section(title, content) {
  return make("section", { hidden: !content }, make("h3", {}, title), content);
}
