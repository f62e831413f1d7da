// Shows the conversation: a line for each passage of a speaker, side by side where people talk at once.

import { chip, make, setChildren } from "./dom.js";
import { groups, ledgerByGroup } from "./layout.js";
import { clock, listed, startOf } from "./model.js";
import { colourOf } from "./speakers.js";

/** @typedef {import("./model.js").Line} Line */
/** @typedef {import("./model.js").Overlap} Overlap */
/** @typedef {import("./layout.js").Group} Group */
/** @typedef {import("./app.js").App} App */

const WHY = new Map([
  ["words", "the recogniser was unsure"],
  ["suspect", "perhaps not spoken"],
  ["speaker", "perhaps another speaker"],
]);

/**
 * @param {App} app
 * @param {HTMLElement} list
 */
export function createConversation(app, list) {
  /** @type {WeakMap<Line, HTMLElement>} */
  const elements = new WeakMap();
  /** @type {WeakMap<Element, Line>} */
  const lines = new WeakMap();
  /** @type {WeakMap<Line, { group: Group, entries: readonly Overlap[], node: HTMLElement }>} */
  const drawn = new WeakMap();
  /** @type {Set<Element>} */
  let spoken = new Set();

  /** @param {Line} line */
  function elementOf(line) {
    const known = elements.get(line);
    const element = known ?? make("li", { class: "line", tabindex: "-1" });
    if (!known) {
      elements.set(line, element);
      lines.set(element, line);
      element.append(head(line, app), words(line, app.page.language), tick(line));
    }
    const person = app.personOf(line.speaker);
    const shown = `${person.number} ${person.name}`;
    if (element.dataset.person !== shown) {
      element.dataset.person = shown;
      element.className = `line s${colourOf(person)}`;
      const who = /** @type {HTMLElement} */ (element.querySelector(".who"));
      who.replaceChildren(chip(person, colourOf(person)), make("span", { class: "name" }, person.name));
      who.title = person.name;
      who.setAttribute("aria-label", `Speaker: ${person.name}`);
    }
    return element;
  }

  /**
   * @param {Group} group
   * @param {readonly Overlap[]} entries of the overlap ledger
   */
  function nodeOf(group, entries) {
    const cells = group.cells.map((cell) => elementOf(cell.line));
    const first = group.cells[0].line;
    const known = drawn.get(first);
    if (known && sameCells(known.group, group) && sameItems(known.entries, entries)) return known.node;
    for (const cell of cells) cell.querySelector(".region")?.remove();
    const node = cells.length === 1 ? plain(cells[0], entries) : together(group, cells, entries, app);
    drawn.set(first, { group, entries, node });
    return node;
  }

  const view = {
    render() {
      const all = groups(app.state.lines);
      const ledger = ledgerByGroup(all, app.page.overlaps);
      setChildren(list, all.map((group) => nodeOf(group, ledger.get(group) ?? [])));
      view.showSelection();
    },
    /** @param {Line} line */
    element(line) {
      return elementOf(line);
    },
    /**
     * The line of an element inside it, and the index of the word if it is one.
     * @param {Element | null} target
     */
    placeOf(target) {
      const element = target?.closest(".line") ?? null;
      const line = element ? lines.get(element) : undefined;
      if (!element || !line) return null;
      const word = target?.closest(".words > span");
      return { line, word: word ? [...wordElements(element)].indexOf(word) : -1 };
    },
    /**
     * @param {Line} line
     * @param {number} word
     * @returns {Element | undefined}
     */
    word(line, word) {
      return wordElements(elementOf(line))[word];
    },
    /** @param {readonly import("./finding.js").Place[]} places words that are being said */
    showSpoken(places) {
      const now = new Set(places.flatMap(({ line, word }) => view.word(line, word) ?? []));
      for (const element of spoken) if (!now.has(element)) element.classList.remove("now");
      for (const element of now) if (!spoken.has(element)) element.classList.add("now");
      spoken = now;
    },
    showSelection() {
      for (const old of list.querySelectorAll(".current, .chosen, .selected")) {
        old.classList.remove("current", "chosen", "selected");
        if (old.matches(".line")) setCurrent(old, false);
      }
      const { line, word, anchor } = app.selection;
      if (!line) {
        const first = list.querySelector(".line");
        if (first) first.setAttribute("tabindex", "0");
        return;
      }
      const element = elementOf(line);
      setCurrent(element, true);
      const spans = wordElements(element);
      spans[word]?.classList.add("chosen");
      if (anchor >= 0) {
        for (let i = Math.min(word, anchor); i <= Math.max(word, anchor); i += 1) spans[i]?.classList.add("selected");
      }
    },
    /**
     * @param {Line} line
     * @param {boolean} [focus]
     */
    show(line, focus = true) {
      const element = elementOf(line);
      if (focus) element.focus({ preventScroll: true });
      const box = element.getBoundingClientRect();
      const top = parseFloat(getComputedStyle(element).scrollMarginTop) || 0;
      const bottom = parseFloat(getComputedStyle(element).scrollMarginBottom) || 0;
      if (box.top < top || box.bottom > innerHeight - bottom) element.scrollIntoView({ block: "center" });
    },
  };
  return view;
}

/** @param {Element} element */
function wordElements(element) {
  return /** @type {Element} */ (element.querySelector(".words")).children;
}

/**
 * Only the controls of the current line are in the order of the Tab key.
 * @param {Element} element
 * @param {boolean} current
 */
function setCurrent(element, current) {
  element.classList.toggle("current", current);
  element.setAttribute("tabindex", current ? "0" : "-1");
  if (current) element.setAttribute("aria-current", "true");
  else element.removeAttribute("aria-current");
  for (const button of element.querySelectorAll("button")) button.tabIndex = current ? 0 : -1;
  if (current) {
    for (const other of element.closest("#lines")?.querySelectorAll('.line[tabindex="0"]:not(.current)') ?? []) {
      other.setAttribute("tabindex", "-1");
    }
  }
}

/**
 * @param {Line} line
 * @param {App} app
 */
function head(line, app) {
  const time = clock(startOf(line));
  const head = make("div", { class: "head" },
    make("button", { class: "time", tabindex: "-1", "data-act": "playLine", "aria-label": `Play from ${time}` }, time),
    make("button", { class: "who", tabindex: "-1", "data-act": "speakerMenu", "aria-haspopup": "dialog" }));
  return head;
}

/**
 * @param {Line} line
 * @param {string | null} language
 */
function words(line, language) {
  const paragraph = make("p", { class: "words", lang: language ?? undefined, dir: "auto" });
  line.words.forEach((word, i) => {
    if (i > 0 && !word.attached) paragraph.append(" ");
    const span = document.createElement("span");
    span.textContent = word.text;
    if (word.mark) {
      span.className = `doubt ${word.mark}`;
      span.title = WHY.get(word.mark) ?? "";
    } else if (word.corrected) {
      span.className = "corrected";
    }
    paragraph.append(span);
  });
  return paragraph;
}

/** @param {Line} line */
function tick(line) {
  const checked = Boolean(line.check);
  return make("button", {
    class: "tick", tabindex: "-1", "data-act": "check", "aria-pressed": checked, "aria-label": "Checked",
    title: checked ? "Checked" : "Mark as checked",
  });
}

/**
 * A line that stands alone, with the overlaps in it whose words do not overlap.
 * @param {HTMLElement} element
 * @param {readonly Overlap[]} entries
 */
function plain(element, entries) {
  element.style.gridColumn = "";
  element.style.gridRow = "";
  if (entries.length) {
    const places = entries.map((entry) => `${clock(entry.start)} ${entry.decision}`).join(", ");
    element.append(make("details", { class: "region" }, make("summary", {}, `‖ overlap ${places}`), reasons(entries)));
  }
  return element;
}

/** @param {readonly Overlap[]} entries */
function reasons(entries) {
  return make("ul", {}, ...entries.map((entry) => make("li", {}, `${clock(entry.start)} `, decision(entry))));
}

/**
 * @param {Group} group
 * @param {readonly HTMLElement[]} elements
 * @param {readonly Overlap[]} entries
 * @param {App} app
 */
function together(group, elements, entries, app) {
  const persons = [...new Set(group.cells.map((cell) => app.personOf(cell.line.speaker).name))];
  const columns = make("ol", { class: "columns" });
  columns.style.setProperty("--columns", String(group.columns));
  group.cells.forEach((cell, i) => {
    elements[i].style.gridColumn = String(cell.column + 1);
    elements[i].style.gridRow = `${cell.row + 1} / span ${cell.rows}`;
    columns.append(elements[i]);
  });
  return make("li", { class: "together", "aria-label": `At the same time: ${listed(persons)}` },
    caption(entries), columns);
}

/**
 * What the overlap ledger says of the group.
 * @param {readonly Overlap[]} entries
 */
function caption(entries) {
  const title = make("span", { class: "both" }, "At the same time");
  if (!entries.length) return make("p", { class: "caption" }, title);
  if (entries.length === 1) return make("p", { class: "caption" }, title, decision(entries[0]));
  const separated = entries.filter((entry) => entry.decision === "separated").length;
  const counts = `${entries.length} overlaps: ${separated} separated, ${entries.length - separated} mixture`;
  return make("details", { class: "caption" }, make("summary", {}, title, make("span", {}, counts)), reasons(entries));
}

/** @param {Overlap} entry */
function decision(entry) {
  return make("span", {}, make("b", {}, entry.decision), ` – ${entry.reason}`);
}

/**
 * @param {Group} one
 * @param {Group} two
 */
function sameCells(one, two) {
  return one.columns === two.columns && one.cells.length === two.cells.length && one.cells.every((cell, i) => {
    const other = two.cells[i];
    return cell.line === other.line && cell.column === other.column && cell.row === other.row && cell.rows === other.rows;
  });
}

/**
 * @param {readonly unknown[]} one
 * @param {readonly unknown[]} two
 */
function sameItems(one, two) {
  return one.length === two.length && one.every((item, i) => item === two[i]);
}
