// What keys and buttons do with the minutes: an item is played, taken out, and words are added.

import { askKind } from "./dialogs.js";
import { byId } from "./dom.js";
import { joinWords } from "./model.js";
import { kindName } from "./minutes_view.js";
import { excludeOperations, includeOperations } from "./operations.js";

/**
 * @param {object} parts
 * @param {import("./app.js").App} parts.app
 * @param {ReturnType<typeof import("./player.js").createPlayer>} parts.player
 * @param {ReturnType<typeof import("./conversation.js").createConversation>} parts.conversation
 * @param {ReturnType<typeof import("./minutes_view.js").createMinutes>} parts.minutes
 * @param {ReturnType<typeof import("./commands.js").createCommands>} parts.commands
 * @param {(text: string) => void} parts.announce
 */
export function createMinutesCommands({ app, player, conversation, minutes, commands, announce }) {
  let played = false;
  new IntersectionObserver(([{ isIntersecting }]) => {
    byId("to-minutes").hidden = isIntersecting || !played; // it leads back when the page was scrolled to an item
  }).observe(byId("minutes"));

  /** @param {import("./model.js").Line | undefined} line */
  function show(line) {
    if (!line) return;
    played = true;
    conversation.show(line, false);
  }

  /**
   * Plays an item, exactly, and shows its words in the conversation.
   * @param {number} number
   */
  function playItem(number) {
    const { groups, start, end } = minutes.entry(number);
    const [{ line, first, after }] = groups[0].runs;
    minutes.choose(number);
    app.select(line, first, after - 1);
    show(line);
    player.playFrom(start, end);
  }

  /** @param {number} number */
  function playTopic(number) {
    const { start } = app.page.minutes?.topics[number] ?? { start: 0 };
    const line = app.state.lines.find((each) => each.words[each.words.length - 1].end > start);
    if (line) app.select(line);
    show(line);
    player.playFrom(start);
  }

  /** @param {number} number */
  function reject(number) {
    const { mark, groups, rejections } = minutes.entry(number);
    const name = kindName(mark.kind);
    const taken = rejections.length ? rejections : mark.operation ? [mark.operation] : [];
    if (!taken.length) {
      commands.correct(`Taken out: no ${name}`, excludeOperations(mark.kind, groups.flatMap((group) => group.runs)));
      return;
    }
    const label = rejections.length ? `In the minutes again: ${name}` : `Taken out again: ${name}`;
    if (app.dispatch({ label, unchecked: taken })) announce(label);
  }

  const add = commands.onLine(() => {
    if (!app.page.minutes) {
      announce("This page has no minutes");
      return;
    }
    const ranges = commands.ranges();
    const words = ranges.flatMap(({ line, first, after }) => line.words.slice(first, after));
    askKind(`“${joinWords(words)}”`, (kind) => {
      commands.correct(`Added to the minutes: ${kindName(kind)}`, includeOperations(kind, ranges));
      getSelection()?.removeAllRanges();
    });
  });

  /** Shows the minutes, or the passages to check, where the page has both. */
  function view(/** @type {string} */ id) {
    if (!app.page.minutes) return;
    for (const button of document.querySelectorAll("[data-view]")) {
      const name = button.getAttribute("data-view") ?? "";
      button.setAttribute("aria-pressed", String(name === id));
      byId(name).hidden = name !== id;
    }
  }

  function toMinutes() {
    if (!app.page.minutes) {
      announce("This page has no minutes");
      return;
    }
    view("minutes");
    minutes.focus();
  }

  return { playItem, playTopic, reject, view, byName: { add, toMinutes } };
}
