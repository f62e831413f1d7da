// A table that is sorted by its headings, shows its rows by the hundred, and opens details below a row.

import { make, setChildren } from "../../formats/page/dom.js";
import { counted } from "./numbers.js";

/** @typedef {string | number | null} Key */
/**
 * @template Row
 * @typedef {object} Column
 * @property {string} label
 * @property {(row: Row) => Key} [sort] by which rows are sorted; without it the heading does not sort
 * @property {(row: Row) => string | Node} cell
 * @property {boolean} [number] whether its cells are numbers, which stand at the right
 * @property {string} [kind] class of its cells
 */

/** Rows that are shown at first, and four times as many more with the first request. Chosen by hand: a hundred are drawn in some milliseconds. */
const ROWS = 100;

/**
 * @template Row
 * @param {HTMLElement} host
 * @param {object} options
 * @param {string} options.label what the table shows, for programs that read the page aloud
 * @param {string} options.one a row, as in "more calls"
 * @param {(row: Row) => string} [options.nameOf] of the row, for the button of its details
 * @param {(row: Row) => Node} [options.detail]
 * @param {number} [options.first] rows that are shown at first
 */
export function createTable(host, { label, one, nameOf, detail, first = ROWS }) {
  const head = make("thead");
  const body = make("tbody");
  const scroll = make("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": label },
    make("table", {}, make("caption", { class: "hidden" }, label), head, body));
  const more = make("button", { class: "small more", hidden: true });
  host.append(scroll, more);
  /** @type {readonly Column<Row>[]} */
  let columns = [];
  /** @type {readonly Row[]} */
  let rows = [];
  /** @type {readonly Row[]} */
  let sorted = [];
  let limit = first;
  /** @type {{ label: string, down: boolean } | null} */
  let order = null;

  more.addEventListener("click", () => {
    const next = body.children.length;
    limit = limit > first ? Infinity : limit + 4 * first;
    draw();
    /** @type {HTMLElement | null} */ (body.children[next]?.querySelector("a, button"))?.focus();
  });
  head.addEventListener("click", (event) => {
    const name = /** @type {Element} */ (event.target).closest("button")?.textContent;
    const column = columns.find((each) => each.label === name);
    if (!column) return;
    const down = order?.label === column.label ? !order.down : Boolean(column.number);
    order = { label: column.label, down };
    draw();
    for (const button of head.querySelectorAll("button")) if (button.textContent === name) button.focus();
  });
  body.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-row]");
    if (button) toggle(button);
  });

  /** @param {Element} button */
  function toggle(button) {
    const row = /** @type {Element} */ (button.closest("tr"));
    const opens = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(opens));
    if (!opens) row.nextElementSibling?.remove();
    else if (detail) {
      const content = detail(sorted[Number(button.getAttribute("data-row"))]);
      row.after(make("tr", { class: "detail" }, make("td", { colspan: columns.length }, content)));
    }
  }

  function heading() {
    return make("tr", {}, ...columns.map((column) => {
      const state = order?.label !== column.label ? "none" : order.down ? "descending" : "ascending";
      const content = column.sort ? make("button", { class: "sort" }, column.label) : column.label;
      return make("th", { scope: "col", class: classOf(column), "aria-sort": column.sort ? state : undefined }, content);
    }));
  }

  /**
   * @param {Row} row
   * @param {number} number
   */
  function line(row, number) {
    return make("tr", {}, ...columns.map((column, i) => {
      const cell = column.cell(row);
      if (i > 0) return make("td", { class: classOf(column) }, cell);
      const button = detail && nameOf
        ? [make("button", { class: "expand", "data-row": number, "aria-expanded": false, "aria-label": `Details of ${nameOf(row)}` })]
        : [];
      const content = button.length ? make("div", { class: "titled" }, ...button, cell) : cell;
      return make("th", { scope: "row", class: classOf(column) }, content);
    }));
  }

  function draw() {
    const column = columns.find((each) => each.label === order?.label);
    sorted = column?.sort ? sortedBy(rows, column.sort, Boolean(order?.down)) : rows;
    setChildren(head, [heading()]);
    setChildren(body, sorted.slice(0, limit).map(line));
    const left = sorted.length - Math.min(limit, sorted.length);
    more.hidden = left === 0;
    more.textContent = limit > first ? `Show all ${counted(sorted.length, one)}` : `Show more: ${counted(left, one)} not shown`;
  }

  return {
    /**
     * @param {readonly Column<Row>[]} newColumns
     * @param {readonly Row[]} newRows
     */
    show(newColumns, newRows) {
      [columns, rows, limit] = [newColumns, newRows, first];
      draw();
    },
    /** All rows in the order of the table. */
    get rows() {
      return sorted;
    },
  };
}

/** @param {{ number?: boolean, kind?: string }} column */
function classOf({ number, kind }) {
  return [number ? "number" : "", kind ?? ""].filter((each) => each).join(" ") || undefined;
}

/**
 * Sorted rows; those without a value are last.
 * @template Row
 * @param {readonly Row[]} rows
 * @param {(row: Row) => Key} key
 * @param {boolean} down
 */
export function sortedBy(rows, key, down) {
  const keyed = rows.map((row) => ({ row, key: key(row) }));
  keyed.sort((one, two) => {
    if (one.key === null || two.key === null) return Number(one.key === null) - Number(two.key === null);
    const both = typeof one.key === "number" && typeof two.key === "number";
    const order = both ? Number(one.key) - Number(two.key) : compareTexts(String(one.key), String(two.key));
    return down ? -order : order;
  });
  return keyed.map(({ row }) => row);
}

const collator = new Intl.Collator("en", { numeric: true });

/**
 * @param {string} one
 * @param {string} two
 */
export function compareTexts(one, two) {
  return collator.compare(one, two);
}
