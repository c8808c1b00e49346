// The table of documents: of any number of rows only those near the eye are in the page.

/** @import {Row} from "./rows.js" */

import { button, byId, make } from "../base/dom.js";
import { t } from "../base/words.js";
import { visible } from "./rows.js";

const body = byId("rows");
/** @type {Row[]} */
let rows = [];
/** @type {Set<string>} */
let selected = new Set(); // ids
/** @type {{open: (row: Row) => void, change: () => void, selects: boolean}} */
let actions = { open: () => {}, change: () => {}, selects: true };
let drawn = "";

addEventListener("scroll", draw, { passive: true });
addEventListener("resize", () => redraw());
body.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const place = Number(/** @type {HTMLElement} */ (event.target).closest("tr")?.dataset.place ?? -1);
  if (step === undefined || place < 0) return;
  event.preventDefault();
  focusRow(Math.min(Math.max(place + step, 0), rows.length - 1), /** @type {HTMLElement} */ (event.target).matches("input") ? "input" : "button");
});

/** @param {typeof actions} given */
export function installTable(given) {
  actions = given;
}

/** Show these rows; the focus stays on the document that has it, or goes to the one in its place.
 *  @param {Row[]} given */
export function showRows(given) {
  const active = document.activeElement;
  const held = active && body.contains(active) ? active.closest("tr") : null;
  const [id, place, control] = [held?.dataset.id, Number(held?.dataset.place), active?.matches("input") ? "input" : "button"];
  rows = given;
  redraw();
  if (held === null) return;
  const now = rows.findIndex((row) => row.info.id === id);
  if (rows.length > 0) focusRow(now < 0 ? Math.min(place, rows.length - 1) : now, control);
}

/** The ids that are selected, of those that `all` has.
 *  @param {Row[]} all
 *  @returns {Row[]} */
export function selection(all) {
  return all.filter((row) => selected.has(row.info.id));
}

/** @param {Iterable<string>} ids */
export function select(ids) {
  selected = new Set(ids);
  redraw();
  actions.change();
}

/** Draw the rows again, such as in another language. */
export function redraw() {
  drawn = "";
  draw();
}

function draw() {
  if (body.closest("[hidden]") !== null) {
    body.replaceChildren();
    drawn = "";
    return;
  }
  const height = parseFloat(getComputedStyle(body).getPropertyValue("--row")) || 44;
  const [first, last] = visible(-body.getBoundingClientRect().top, innerHeight, height, rows.length);
  const key = `${first}-${last}`;
  if (key === drawn) return;
  const active = document.activeElement;
  const held = active && body.contains(active) ? active.closest("tr")?.dataset.place : undefined;
  const control = active?.matches("input") ? "input" : "button";
  drawn = key;
  body.replaceChildren(gap(first * height), ...rows.slice(first, last).map((row, place) => element(row, first + place)), gap((rows.length - last) * height));
  body.closest("table").setAttribute("aria-rowcount", `${rows.length + 1}`);
  if (held !== undefined) body.querySelector(`[data-place="${held}"] ${control}`)?.focus({ preventScroll: true });
}

/** Room for the rows that are not in the page: a single cell, since one that spans hidden columns would make the table have them.
 *  @param {number} height */
function gap(height) {
  const row = make("tr", { class: "gap", "aria-hidden": "true", hidden: height === 0 }, make("td"));
  row.style.height = `${height}px`;
  return row;
}

/** @param {Row} row
 *  @param {number} place */
function element(row, place) {
  const { info } = row;
  const box = make("input", { type: "checkbox", "aria-label": t("select", { title: row.title }) });
  box.checked = selected.has(info.id);
  box.addEventListener("change", () => {
    if (box.checked) selected.add(info.id);
    else selected.delete(info.id);
    box.closest("tr").classList.toggle("chosen", box.checked);
    actions.change();
  });
  const size = info.pages ? t("pages", { n: info.pages }) : t("characters", { n: info.characters });
  const state = { part: t("parts_unread", { n: info.notes.length }), stale: t("state_stale"), "": "" }[row.state];
  return make(
    "tr", { "data-place": place, "data-id": info.id, "aria-rowindex": `${place + 2}`, class: box.checked ? "chosen" : "" },
    make("td", { class: "box" }, actions.selects && box),
    make("th", { scope: "row", class: "title" }, button(row.title, () => actions.open(row), { class: "plain", dir: "auto", title: info.id })),
    make("td", { class: "folder", title: row.folder }, row.folder),
    make("td", { class: "type" }, row.type),
    make("td", { class: "size" }, size),
    make("td", { class: "date" }, row.date),
    make("td", { class: "state", title: info.notes.join("\n") }, state),
  );
}

/** @param {number} place
 *  @param {string} control */
function focusRow(place, control) {
  const height = parseFloat(getComputedStyle(body).getPropertyValue("--row")) || 44;
  const top = body.getBoundingClientRect().top + place * height;
  if (top < 120 || top + height > innerHeight - 20) scrollBy({ top: top - innerHeight / 2 });
  draw();
  body.querySelector(`[data-place="${place}"] ${control}`)?.focus({ preventScroll: true });
}
