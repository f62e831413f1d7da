// Puts the page together: reads the data, makes the parts, and connects keys, clicks and changes.

import { createApp } from "./app.js";
import { createBar } from "./bar.js";
import { createCommands } from "./commands.js";
import { createConversation } from "./conversation.js";
import { createStorage, download, fileName } from "./corrections_file.js";
import { fillHelp, makeDialogsClosable } from "./dialogs.js";
import { byId, make, setChildren } from "./dom.js";
import { createDoubts } from "./doubts_view.js";
import { lineAt, wordsAt } from "./finding.js";
import { keyOf, shortcut } from "./keys.js";
import { createLanes } from "./lanes.js";
import { createMinutesCommands } from "./minutes_commands.js";
import { createMinutes } from "./minutes_view.js";
import { clock } from "./model.js";
import { bytesOf, createPlayer, SPEEDS } from "./player.js";
import { readPage } from "./reading.js";

/** Milliseconds without scrolling by hand after which the page follows the sound again. */
const FOLLOW_AFTER = 4000;
/** Where the choice of keys without Ctrl is kept. */
const SINGLE_KEYS = "crosstalk:single-keys";

const page = readPage(byId("data").textContent ?? "");
const storage = createStorage(page);
const app = createApp(page, storage);
const audio = /** @type {HTMLAudioElement} */ (byId("audio"));
const player = createPlayer(audio, page.sound, page.duration, () => byId("sound").textContent ?? "");
const conversation = createConversation(app, byId("lines"));
const lanes = createLanes(app, bytesOf(page.peaks), {
  lanes: byId("lanes"), overview: byId("overview"), timeline: byId("timeline"), labels: byId("labels"), playhead: byId("playhead"),
});
const doubts = createDoubts(app, {
  list: byId("doubts"), count: byId("doubt-count"), lines: byId("line-count"), more: byId("more-doubts"),
  empty: byId("no-doubts"), reveal: () => inMinutes.view("doubts-panel"),
});
const minutes = createMinutes(app, byId("minutes-parts"));
const commands = createCommands({ app, player, conversation, doubts, marked, announce });
const inMinutes = createMinutesCommands({ app, player, conversation, minutes, commands, announce });
Object.assign(commands.byName, inMinutes.byName);
const bar = createBar(app, commands.what);
let scrolledAt = -Infinity;
/** @type {unknown} the line that the page has followed the sound to */
let followed = null;
let shownTime = "";

/** @param {string} text */
function announce(text) {
  byId("live").textContent = text;
  const note = byId("note");
  note.textContent = text;
  note.classList.remove("shown");
  note.getBoundingClientRect(); // without it the browser would not begin the animation again
  note.classList.add("shown");
}

/** The words that are marked with the mouse, by line. */
function marked() {
  const selection = getSelection();
  if (!selection || selection.isCollapsed || !selection.rangeCount) return [];
  const range = selection.getRangeAt(0);
  const from = lineOf(range.startContainer);
  const to = lineOf(range.endContainer);
  if (!from || !to) return [];
  const { lines } = app.state;
  return lines.slice(lines.indexOf(from), lines.indexOf(to) + 1).flatMap((line) => {
    const touched = line.words.flatMap((_, i) => (touches(range, conversation.word(line, i)) ? [i] : []));
    return touched.length ? [{ line, first: touched[0], after: touched[touched.length - 1] + 1 }] : [];
  });
}

/** @param {Node} node */
function lineOf(node) {
  return conversation.placeOf(node instanceof Element ? node : node.parentElement)?.line;
}

/**
 * Whether at least a character of the word is in the range.
 * @param {Range} range
 * @param {Element | undefined} word
 */
function touches(range, word) {
  const text = word?.firstChild;
  if (!text || !range.intersectsNode(text)) return false;
  const own = document.createRange();
  own.selectNodeContents(text);
  return range.compareBoundaryPoints(Range.END_TO_START, own) < 0 && range.compareBoundaryPoints(Range.START_TO_END, own) > 0;
}

function showFacts() {
  const count = app.people.length;
  const facts = [...(page.minutes?.date ? [page.minutes.date] : []), clock(page.duration), `${count} speaker${count === 1 ? "" : "s"}`];
  if (!page.complete) facts.push("incomplete: only a part of the recording could be read");
  if (page.sound.missing) facts.push(`no sound: ${page.sound.missing}`);
  byId("facts").textContent = facts.join(" · ");
}

function showNotices() {
  setChildren(byId("notices-list"), page.notices.map((notice) => make("li", {}, notice)));
  byId("notices-count").textContent = `${page.notices.length} notice${page.notices.length === 1 ? "" : "s"} about this transcript`;
  byId("notices").hidden = !page.notices.length;
  byId("restored").hidden = !app.restored;
  byId("restored-text").textContent = `${app.changes} correction${app.changes === 1 ? " from an earlier visit was" : "s from an earlier visit were"} restored.`;
}

/** Whether the page may scroll with the sound: not while text is edited, and not soon after scrolling by hand. */
function canFollow() {
  return performance.now() - scrolledAt > FOLLOW_AFTER && !document.querySelector(".editor");
}

/** @param {number} time */
function showTime(time) {
  const position = /** @type {HTMLInputElement} */ (byId("position"));
  position.value = String(time);
  if (shownTime !== clock(time)) {
    shownTime = clock(time);
    byId("time").textContent = shownTime;
    position.setAttribute("aria-valuetext", `${shownTime} of ${clock(page.duration)}`);
  }
  lanes.showTime(time);
  const places = time > 0 || player.playing ? wordsAt(app.index, time) : [];
  conversation.showSpoken(places);
  const spoken = places[places.length - 1]?.line;
  if (player.playing && spoken && spoken !== followed && canFollow()) {
    followed = spoken;
    conversation.show(spoken, false);
  }
  const play = byId("play");
  play.setAttribute("aria-label", player.playing ? "Pause" : "Play");
  play.classList.toggle("playing", player.playing);
  byId("loop").setAttribute("aria-pressed", String(Boolean(player.loop)));
  const speed = /** @type {HTMLSelectElement} */ (byId("speed"));
  if (speed.value !== String(player.speed)) speed.value = String(player.speed);
}

function showAll() {
  conversation.render();
  lanes.update();
  doubts.update();
  minutes.update();
  byId("views-count").textContent = doubts.open ? String(doubts.open) : "";
  bar.update();
  byId("no-lines").hidden = app.state.lines.length > 0;
  byId("unsaved").hidden = app.kept;
  showFacts();
  showTime(player.time);
}

/** @param {MouseEvent} event */
function onConversationClick(event) {
  const target = /** @type {Element} */ (event.target);
  const place = conversation.placeOf(target);
  const act = target.closest("[data-act]")?.getAttribute("data-act");
  if (!place || target.closest("textarea")) return;
  if (act) {
    if (app.selection.line !== place.line) app.select(place.line);
    commands.byName[act]();
    return;
  }
  if (marked().length) {
    app.select(place.line);
    return;
  }
  app.select(place.line, place.word);
  if (place.word >= 0) player.playFrom(place.line.words[place.word].start);
}

/** @param {MouseEvent} event */
function onDoubtClick(event) {
  const target = /** @type {Element} */ (event.target);
  const data = (/** @type {string} */ name) => target.closest(`[${name}]`)?.getAttribute(name) ?? null;
  const [candidate, settle, write, number] = ["data-candidate", "data-settle", "data-write", "data-doubt"].map(data);
  if (settle !== null) commands.settle(Number(settle));
  else if (write !== null) commands.writeWords(page.doubts[Number(write)]);
  else if (candidate !== null && number !== null) {
    const { speaker } = page.doubts[Number(number)];
    if (speaker !== null) commands.rename(app.personOf(speaker), candidate);
  } else if (number !== null) commands.showDoubt(Number(number));
}

/** @param {MouseEvent} event */
function onMinutesClick(event) {
  const target = /** @type {Element} */ (event.target);
  const number = (/** @type {string} */ name) => Number(target.closest(`[${name}]`)?.getAttribute(name) ?? -1);
  if (number("data-reject") >= 0) inMinutes.reject(number("data-reject"));
  else if (number("data-topic") >= 0) inMinutes.playTopic(number("data-topic"));
  else if (number("data-entry") >= 0) inMinutes.playItem(number("data-entry"));
}

/** Opens the minutes first, where the page has some. */
function connectMinutes() {
  if (!page.minutes) return;
  document.documentElement.classList.add("with-minutes");
  byId("bar-add").hidden = byId("views").hidden = false;
  inMinutes.view("minutes");
  document.body.prepend(make("a", { class: "skip", href: "#minutes" }, "To the minutes"));
  byId("minutes").addEventListener("click", onMinutesClick);
  for (const button of document.querySelectorAll("[data-view]")) {
    button.addEventListener("click", () => inMinutes.view(button.getAttribute("data-view") ?? ""));
  }
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const target = /** @type {Element} */ (event.target);
  if (document.querySelector("dialog[open]")) return;
  const typing = target.matches("textarea, input:not([type=range]), select");
  const graph = event.getModifierState("AltGraph");
  const pressed = graph
    ? { key: event.key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: event.shiftKey }
    : event;
  const row = keyOf(pressed, typing, singleKeys());
  const usual = target.matches("button, summary, a") && event.key === "Enter";
  const slides = target.matches("input[type=range]") && event.key.startsWith("Arrow");
  if (!row || usual || slides || event.defaultPrevented) return;
  event.preventDefault();
  commands.byName[row.command](event);
}

function singleKeys() {
  return /** @type {HTMLInputElement} */ (byId("single-keys")).checked;
}

function connectPlayer() {
  const speed = /** @type {HTMLSelectElement} */ (byId("speed"));
  setChildren(speed, SPEEDS.map((each) => make("option", { value: each, selected: each === 1 }, `${each} ×`)));
  speed.addEventListener("change", () => player.setSpeed(Number(speed.value)));
  const position = /** @type {HTMLInputElement} */ (byId("position"));
  position.max = String(page.duration);
  position.addEventListener("input", () => player.seek(Number(position.value)));
  byId("duration").textContent = clock(page.duration);
  byId("lanes").addEventListener("click", (event) => {
    player.seek(lanes.timeAt(event.offsetX / byId("lanes").clientWidth));
    scrolledAt = -Infinity;
    const place = wordsAt(app.index, player.time)[0];
    if (place) conversation.show(place.line, false);
  });
  byId("labels").addEventListener("click", (event) => {
    const number = /** @type {Element} */ (event.target).closest("[data-person]")?.getAttribute("data-person");
    if (number) commands.speakerDialog(app.people[Number(number) - 1], false);
  });
  byId("zoom-in").addEventListener("click", () => lanes.zoom(2));
  byId("zoom-out").addEventListener("click", () => lanes.zoom(1 / 2));
  player.onTime(showTime);
  audio.addEventListener("error", () => announce("The sound cannot be played"));
}

/** Tells the style sheet how much of the window the fixed parts take. */
function measure() {
  const deck = byId("player");
  const top = getComputedStyle(deck).position === "sticky" ? deck : byId("controls");
  const { style } = document.documentElement;
  style.setProperty("--deck", `${top.offsetHeight}px`);
  style.setProperty("--bar", `${byId("bar").offsetHeight}px`);
}

function connect() {
  connectPlayer();
  byId("lines").addEventListener("click", onConversationClick);
  byId("doubts-panel").addEventListener("click", onDoubtClick);
  byId("more-doubts").addEventListener("click", () => doubts.showMore());
  byId("undo-all").addEventListener("click", () => {
    app.undoAll();
    byId("restored").hidden = true;
    announce("All corrections undone; Redo brings them back");
  });
  byId("older").hidden = !storage.hasOlder;
  byId("older-download").addEventListener("click", () => {
    for (const file of storage.takeOlder()) download(fileName(page), file);
    byId("older").hidden = true;
    announce("Corrections downloaded");
  });
  byId("keep").addEventListener("click", () => (byId("restored").hidden = true));
  addEventListener("beforeunload", (event) => {
    if (!app.kept && app.changes && !app.isDownloaded && !app.isSaved) event.preventDefault(); // the browser asks before it closes the page
  });
  document.addEventListener("keydown", onKey);
  document.addEventListener("selectionchange", () => bar.target());
  for (const event of ["wheel", "touchmove"]) {
    document.addEventListener(event, () => (scrolledAt = performance.now()), { passive: true });
  }
  for (const button of document.querySelectorAll("[data-command]")) {
    const command = button.getAttribute("data-command") ?? "";
    const key = shortcut(command);
    if (key) button.setAttribute("title", `${button.getAttribute("aria-label") ?? button.textContent?.trim()} (${key})`);
    button.addEventListener("click", () => commands.byName[command]());
  }
  byId("bar").addEventListener("mousedown", (event) => {
    if (!document.activeElement?.matches(".editor")) event.preventDefault(); // the marked words stay marked
  });
  byId("bar-people").addEventListener("click", (event) => {
    const key = /** @type {Element} */ (event.target).closest("[data-key]")?.getAttribute("data-key");
    if (key) commands.byName.give({ key });
  });
  const measured = new ResizeObserver(() => {
    measure();
    lanes.plan();
  });
  for (const id of ["player", "controls", "bar"]) measured.observe(byId(id));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => lanes.plan());
  app.onChange(showAll);
  app.onSelect(() => {
    conversation.showSelection();
    bar.target();
  });
}

function connectSingleKeys() {
  const box = /** @type {HTMLInputElement} */ (byId("single-keys"));
  try {
    box.checked = localStorage.getItem(SINGLE_KEYS) !== "off";
  } catch {
    box.checked = true;
  }
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(SINGLE_KEYS, box.checked ? "on" : "off");
    } catch {
      // The choice then lasts until the page is closed.
    }
  });
}

/** Offers to save corrections to the server, where one made the page; that is then the usual way to keep them. */
function offerSaving() {
  byId("save").hidden = !page.save;
  byId("download").classList.toggle("strong", !page.save);
}

/** Goes to the moment that the address names: `#t=12.5`, in seconds, as in media fragments; the arrow keys go on there. */
function goToMoment() {
  const time = /^#t=(\d+(?:\.\d+)?)/.exec(location.hash)?.[1];
  if (time === undefined) return;
  player.seek(Number(time));
  const place = wordsAt(app.index, player.time)[0];
  const line = place?.line ?? lineAt(app.index, player.time);
  if (!line) return;
  app.select(line, place?.word ?? -1);
  conversation.show(line, false); // a focus while the page is read would be reported for the fields of closed dialogs
}

fillHelp();
makeDialogsClosable();
document.documentElement.classList.toggle("long", page.duration >= 3600);
connectSingleKeys();
connectMinutes();
offerSaving();
connect();
showAll();
showNotices();
goToMoment();
addEventListener("hashchange", goToMoment);
document.documentElement.classList.add("ready");
performance.mark("crosstalk:ready");
player.prepareWhenIdle();
