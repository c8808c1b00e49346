// A field for the password of a locked file.

import { make } from "../base/dom.js";
import { t } from "../base/words.js";

/** True if a file was not read for want of its password, or with a wrong one.
 *  @param {string} name
 *  @param {string} reason */
export function isLocked(name, reason) {
  return /\.pdf$/i.test(name) && reason.includes("password");
}

/** @param {string} name
 *  @param {(password: string) => void} again reads the file with it
 *  @returns {HTMLFormElement} */
export function unlocking(name, again) {
  const field = make("input", { type: "password", required: true, autocomplete: "off", "aria-label": t("password_of", { name }), placeholder: t("password") });
  const form = make("form", {}, field, make("button", { type: "submit" }, t("unlock")));
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    again(field.value);
  });
  return form;
}
