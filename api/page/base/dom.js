// Elements. Text goes into the page as text only: documents are not to be trusted with markup.

import { t } from "./words.js";

/** @typedef {string | Node | null | undefined | false} Child */

/** The element of an id that the page has.
 *  @param {string} id
 *  @returns {any} */
export function byId(id) {
  return document.getElementById(id);
}

/** make("a", {href: "docs"}, "HTTP ", "API"): attributes, listeners for keys that start with "on", children.
 *  @param {string} tag
 *  @param {Record<string, any>} attributes
 *  @param {...Child} children
 *  @returns {any} */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else element.setAttribute(name, value);
  }
  element.append(.../** @type {(string | Node)[]} */ (children.filter((child) => child)));
  return element;
}

/** A button that does something.
 *  @param {string} text
 *  @param {(event: any) => any} onclick
 *  @param {Record<string, any>} more
 *  @returns {HTMLButtonElement} */
export function button(text, onclick, more = {}) {
  return make("button", { type: "button", onclick, ...more }, text);
}

/** "page 3 · Methods > Pumps", or "" if neither is known; a title at the beginning of the path of headings is left out.
 *  @param {{title: string, page?: number | null, section?: string | null}} place */
export function placeOf({ title, page, section }) {
  const above = `${title} > `;
  const path = section?.startsWith(above) ? section.slice(above.length) : section;
  return [page ? t("page", { n: page }) : "", path === title ? "" : path].filter(Boolean).join(" · ");
}

/** The date of what a citation says: that of the document, or "file of 2024-05-06".
 *  @param {{as_of?: string | null, as_of_origin?: string | null}} cited */
export function dateOf({ as_of: date, as_of_origin: origin }) {
  if (!date) return "";
  return origin === "document" ? date : t("file_of", { date });
}

/** The line with commands, which stand between backticks, as code: "make it with `rag index PATH...`".
 *  @param {string} line
 *  @returns {Child[]} */
export function withCode(line) {
  return line.split("`").map((part, position) => (position % 2 === 1 ? make("code", {}, part) : part));
}

/** The line with its days, such as 2024-05-06, each on one line of the page.
 *  @param {string} line
 *  @returns {Child[]} */
export function withDays(line) {
  return line.split(/(\b\d{4}-\d\d-\d\d\b)/).map((part, position) => (position % 2 === 1 ? make("span", { class: "day" }, part) : part));
}

/** Announce to screen readers what changed.
 *  @param {string} message */
export function announce(message) {
  byId("status").textContent = message;
}

/** @type {Promise<boolean>} */
let asked = Promise.resolve(false); // the last question: a browser tells of its end later than it closes the dialog

/** Ask before something cannot be undone: true if it was confirmed. The focus goes back to where it was.
 *  @param {string} question
 *  @param {string} yes
 *  @returns {Promise<boolean>} */
export function confirmed(question, yes) {
  asked = asked.then(() => {
    const dialog = byId("confirm");
    byId("confirm-question").textContent = question;
    byId("confirm-yes").textContent = yes;
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    });
  });
  return asked;
}
