// What a question is held to: documents, folders, types, metadata and a period, as chips above the question; all but the
// period are completed after "@".

/** @import {Filters, Info} from "../base/types.js" */

import { announce, button, byId, make } from "../base/dom.js";
import { folded, partsOf } from "../base/text.js";
import { t } from "../base/words.js";
import { store } from "../base/store.js";
import { documentsOf } from "../library/catalogue.js";

const NAMED = new Set(["folder", "type", "after", "before"]);
const OWN = "metadata.";
const MOST = 8; // proposals at once
const LONGEST = 100; // letters of a value of metadata that is proposed
const TYPED = /(?:^|\s)@([^\s@]{0,60})$/; // before the cursor

/** @type {Filters} */
let chosen = {};
/** @type {Filters} */
let next = {}; // of the conversation that is to begin
/** @type {(filters: Filters) => void} */
let told = () => {};
/** @type {{key: string, value: string, label: string}[]} */
let proposed = [];
let active = 0;

/** A chip in words: "type: pdf"; of a document its name.
 *  @param {string} key
 *  @param {string} value */
export function chipText(key, value) {
  if (key === "document") return partsOf(value).name;
  return NAMED.has(key) ? `${t(`scope_${key}`)}: ${value}` : `${key.replace(OWN, "")}: ${value}`;
}

/** @returns {Filters} */
export function scope() {
  return chosen;
}

/** Hold questions to these filters from now on.
 *  @param {Filters} filters */
export function setScope(filters) {
  chosen = filters;
  const chips = Object.entries(filters).flatMap(([key, values]) => values.map((value) => chip(key, value)));
  byId("chips").replaceChildren(...chips);
  byId("chips").hidden = chips.length === 0;
}

/** Hold questions to documents of a period; a day that is empty is no limit.
 *  @param {string} after
 *  @param {string} before */
function limitPeriod(after, before) {
  const { after: _, before: __, ...rest } = chosen;
  setScope({ ...rest, ...(after && { after: [after] }), ...(before && { before: [before] }) });
  told(chosen);
  const list = Object.entries({ after, before }).filter(([, day]) => day).map(([key, day]) => chipText(key, day));
  if (list.length > 0) announce(t("limited", { list: list.join(", ") }));
}

/** Add a document, folder or type to the filters.
 *  @param {string} key
 *  @param {string[]} values */
export function limitTo(key, values) {
  setScope({ ...chosen, [key]: [...new Set([...(chosen[key] ?? []), ...values])] });
  told(chosen);
  announce(t("limited", { list: values.map((value) => chipText(key, value)).join(", ") }));
}

/** Call `changed` when a person changes the filters.
 *  @param {(filters: Filters) => void} changed */
export function installScope(changed) {
  told = changed;
  const field = byId("question");
  field.addEventListener("input", propose);
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (proposed.length === 0) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") move(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter" || event.key === "Tab") take(proposed[active]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  });
  byId("limit-period").addEventListener("click", () => {
    for (const key of ["after", "before"]) byId(`period-${key}`).value = chosen[key]?.[0] ?? "";
    byId("period").returnValue = "";
    byId("period").showModal();
  });
  byId("period-cancel").addEventListener("click", () => byId("period").close());
  byId("period").addEventListener("close", () => {
    if (byId("period").returnValue === "use") limitPeriod(byId("period-after").value, byId("period-before").value);
    field.focus();
  });
  byId("limit").addEventListener("click", () => {
    field.focus();
    const at = field.selectionStart;
    const space = at === 0 || /\s$/.test(field.value.slice(0, at)) ? "" : " ";
    field.setRangeText(`${space}@`, at, at, "end");
    propose();
  });
}

/** Begin a conversation that is held to these filters, from whatever view.
 *  @param {Filters} filters */
export function askOnly(filters) {
  next = filters;
  location.hash = "#ask";
}

/** The filters of the conversation that begins.
 *  @returns {Filters} */
export function takeNext() {
  const taken = next;
  next = {};
  return taken;
}

/** @param {string} key
 *  @param {string} value */
function chip(key, value) {
  const remove = () => {
    const values = chosen[key].filter((other) => other !== value);
    const { [key]: _, ...rest } = chosen;
    setScope(values.length > 0 ? { ...chosen, [key]: values } : rest);
    told(chosen);
    byId("question").focus();
  };
  const text = chipText(key, value);
  return make("li", { class: "chip", title: value }, make("span", {}, text), button("×", remove, { "aria-label": t("unlimit", { text }) }));
}

async function propose() {
  const field = byId("question");
  const typed = field.value.slice(0, field.selectionStart).match(TYPED)?.[1];
  if (typed === undefined) {
    close();
    return;
  }
  const ticket = store.ticket("proposals");
  const documents = await documentsOf(ticket.index).catch(() => []);
  if (!ticket.current() || document.activeElement !== field) return;
  proposed = proposals(documents, typed);
  active = 0;
  show();
}

/** Documents, folders, types and metadata that fit what was typed after "@"; those that begin with it first (pure).
 *  @param {Info[]} documents
 *  @param {string} typed */
export function proposals(documents, typed) {
  const wanted = folded(typed);
  const folders = new Set();
  const types = new Set();
  const own = new Map(); // "author: Ann" -> key and value
  for (const { id, metadata } of documents) {
    const { folder, type } = partsOf(id);
    if (folder) folders.add(folder);
    if (type) types.add(type);
    for (const [name, value] of Object.entries(metadata ?? {})) {
      if (value.length <= LONGEST) own.set(`${name}: ${value}`, { key: `${OWN}${name}`, value, label: `${name}: ${value}`, names: [folded(value), folded(name)] });
    }
  }
  const all = [
    ...documents.map(({ id, title }) => ({ key: "document", value: id, label: title, names: [folded(title), folded(partsOf(id).name)] })),
    ...[...folders].sort().map((value) => ({ key: "folder", value, label: `${t("scope_folder")}: ${value}/`, names: [folded(value), folded(t("scope_folder"))] })),
    ...[...types].sort().map((value) => ({ key: "type", value, label: `${t("scope_type")}: ${value}`, names: [folded(value), folded(t("scope_type"))] })),
    ...[...own.keys()].sort().map((name) => own.get(name)),
  ];
  const rank = (/** @type {string[]} */ names) => Math.min(...names.map((name) => (name.startsWith(wanted) ? 0 : name.includes(wanted) ? 1 : 2)));
  const ranked = all.map((one) => ({ ...one, rank: rank(one.names) })).filter((one) => one.rank < 2);
  const best = ranked.sort((one, other) => one.rank - other.rank);
  if (wanted !== "") return best.slice(0, MOST);
  return ["document", "folder", "type"].flatMap((key) => best.filter((one) => one.key === key).slice(0, key === "document" ? 4 : 2));
}

function show() {
  const items = proposed.map(({ key, value, label }, place) => make(
    "li", { role: "option", id: `proposal-${place}`, "aria-selected": `${place === active}`, onpointerdown: (/** @type {Event} */ event) => {
      event.preventDefault(); // the focus stays in the question
      take(proposed[place]);
    } }, make("span", {}, label), key === "document" ? make("span", { class: "place" }, value) : "",
  ));
  byId("proposals").replaceChildren(...items);
  byId("proposals").hidden = items.length === 0;
  if (items.length === 0) byId("question").removeAttribute("aria-activedescendant");
  else byId("question").setAttribute("aria-activedescendant", `proposal-${active}`);
}

/** @param {number} step */
function move(step) {
  active = (active + step + proposed.length) % proposed.length;
  show();
  byId(`proposal-${active}`).scrollIntoView({ block: "nearest" });
}

/** @param {{key: string, value: string}} one */
function take({ key, value }) {
  const field = byId("question");
  const at = field.selectionStart;
  const typed = field.value.slice(0, at).match(/@[^\s@]*$/)?.[0] ?? "";
  field.setRangeText("", at - typed.length, at, "end");
  limitTo(key, [value]);
  close();
}

function close() {
  store.ticket("proposals"); // what is on its way is no longer wanted
  proposed = [];
  show();
}
