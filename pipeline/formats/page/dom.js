// Makes elements. Text is always put in as text: no word and no name can become markup.

/**
 * @param {string} tag
 * @param {Record<string, string | boolean | number | undefined>} [attributes] true: present, false: absent;
 *   but "true" and "false" where they begin with aria-
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    const text = typeof value !== "boolean" || name.startsWith("aria-") ? String(value) : "";
    if (value !== undefined && (value !== false || text)) element.setAttribute(name, text);
  }
  element.append(...children);
  return element;
}

/**
 * The element with an id; the page has it.
 * @template {HTMLElement} T
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element ${id}`);
  return /** @type {T} */ (element);
}

/**
 * Makes `nodes` the children of `parent`; those that stay are not moved.
 * @param {Element} parent
 * @param {readonly Node[]} nodes
 */
export function setChildren(parent, nodes) {
  const wanted = new Set(nodes);
  let next = parent.firstChild;
  for (const node of nodes) {
    while (next && !wanted.has(next)) next = removed(next);
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
  }
  while (next) next = removed(next);
}

/**
 * Makes `nodes` the children of `parent`. A child that is drawn again as it was stays, so that a click on it that ends
 * an edit is not lost; where a button inside had the focus, the button in its place gets it.
 * @param {Element} parent
 * @param {readonly Node[]} nodes
 */
export function redraw(parent, nodes) {
  const at = [...parent.querySelectorAll("button")].findIndex((button) => button === document.activeElement);
  const old = [...parent.childNodes];
  setChildren(parent, nodes.map((node, i) => (old[i]?.isEqualNode(node) ? old[i] : node)));
  const buttons = parent.querySelectorAll("button");
  if (at >= 0) buttons[Math.min(at, buttons.length - 1)]?.focus({ preventScroll: true });
}

/** @param {ChildNode} node */
function removed(node) {
  const after = node.nextSibling;
  node.remove();
  return after;
}

/**
 * The mark of a speaker: their number on their colour.
 * @param {import("./speakers.js").Person} person
 * @param {number} colour
 */
export function chip(person, colour) {
  return make("span", { class: `chip s${colour}`, "aria-hidden": "true" }, String(person.number));
}
