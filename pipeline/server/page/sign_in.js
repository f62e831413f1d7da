// The form that asks for the token, and the button that forgets it.

import { byId } from "../../formats/page/dom.js";
import { signIn, signOut } from "./api.js";
import { explained } from "./words.js";

/**
 * @param {{ onSignedIn: () => void, hasToken: boolean }} options  `hasToken`: the server asks for one
 */
export function createSignIn({ onSignedIn, hasToken }) {
  const field = /** @type {HTMLInputElement} */ (byId("token"));
  const problemOf = byId("sign-in-problem");

  byId("sign-in-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    problemOf.textContent = "";
    try {
      await signIn(field.value.trim());
    } catch (error) {
      const problem = /** @type {import("./api.js").ServerError} */ (error);
      problemOf.textContent = problem.status === 401 ? "This is not the token of this server." : explained(problem);
      field.select();
      return;
    }
    field.value = "";
    onSignedIn();
  });
  byId("sign-out").addEventListener("click", async () => {
    await signOut().catch(() => undefined);
    location.reload();
  });

  /** @param {boolean} isLocked */
  function show(isLocked) {
    byId("sign-in").hidden = !isLocked;
    byId("work").hidden = isLocked;
    byId("sign-out").hidden = isLocked || !hasToken;
    if (isLocked) field.focus();
  }
  return { show };
}
