// The library: the documents of an index as a table, with what may be done with them.

/** @import {Row, Wanted} from "./rows.js" */

import { announce, byId, confirmed, make } from "../base/dom.js";
import { documentAddress, patiently, request } from "../base/requests.js";
import { store } from "../base/store.js";
import { t } from "../base/words.js";
import { askOnly } from "../conversation/scope.js";
import { openSource } from "../source/source.js";
import { documentsChanged, documentsOf } from "./catalogue.js";
import { installCollections } from "./collections.js";
import { arranged, rowOf, valuesOf } from "./rows.js";
import { installTable, select, selection, showRows } from "./table.js";
import { showUnread } from "./unread.js";
import { dropped, upload } from "./uploads.js";

/** @type {Row[]} */
let rows = [];
let of = ""; // the index that the rows are of
/** @type {Wanted} */
const wanted = { query: "", type: "", folder: "", state: "", by: "title", down: false };

/** Listen to everything in the view. */
export function installLibrary() {
  installTable({ open, change: chosen, selects: true });
  byId("library-search").addEventListener("input", () => arrange({ query: byId("library-search").value }));
  for (const name of /** @type {const} */ (["type", "folder", "state"])) {
    byId(`library-${name}`).addEventListener("change", () => arrange({ [name]: byId(`library-${name}`).value }));
  }
  for (const header of byId("library-view").querySelectorAll("[data-sort]")) {
    header.querySelector("button").addEventListener("click", () => sortBy(header.dataset.sort));
  }
  byId("all").addEventListener("change", () => select(byId("all").checked ? shown().map((row) => row.info.id) : []));
  byId("delete-chosen").addEventListener("click", removeChosen);
  byId("ask-chosen").addEventListener("click", askChosen);
  for (const event of ["documents", "index", "known"]) store.addEventListener(event, () => { if (!byId("library-view").hidden) showLibrary(); });
  installCollections();
  installUploads();
}

/** Read the list and show it. */
export async function showLibrary() {
  byId("upload").hidden = !store.may("write");
  byId("delete-chosen").hidden = !store.may("write");
  const ticket = store.ticket("library");
  if (of !== ticket.index) {
    [of, rows] = [ticket.index, []];
    select([]);
    arrange({});
  }
  if (rows.length === 0) notice(t("loading"));
  try {
    const documents = await documentsOf(ticket.index, (some) => {
      if (ticket.current() && rows.length < some.length) notice(t("loading_some", { n: some.length }));
    });
    if (!ticket.current()) return;
    showUnread(ticket.index);
    rows = documents.map(rowOf);
    options("type");
    options("folder");
    arrange({});
    chosen();
  } catch (error) {
    if (!ticket.current()) return;
    rows = [];
    arrange({});
    notice(/** @type {Error} */ (error).message);
  }
}

function shown() {
  return arranged(rows, wanted);
}

/** @param {Partial<Wanted>} change */
function arrange(change) {
  Object.assign(wanted, change);
  const found = shown();
  byId("library-table").hidden = found.length === 0; // rows are drawn only where they are seen
  byId("library-table").classList.toggle("stateless", found.every((row) => row.state === "")); // a phone has no room for nothing
  showRows(found);
  notice(rows.length === 0 ? t("library_empty") : found.length === 0 ? t("library_none") : "");
  byId("library-count").textContent = found.length === rows.length ? t("documents", { n: rows.length }) : t("of_documents", { n: found.length, all: t.number(rows.length) });
  for (const header of byId("library-view").querySelectorAll("[data-sort]")) {
    const isBy = header.dataset.sort === wanted.by;
    if (isBy) header.setAttribute("aria-sort", wanted.down ? "descending" : "ascending");
    else header.removeAttribute("aria-sort");
  }
}

/** @param {Wanted["by"]} by */
function sortBy(by) {
  arrange({ by, down: wanted.by === by ? !wanted.down : false });
}

/** @param {"type" | "folder"} name */
function options(name) {
  const values = valuesOf(rows, name);
  if (!values.includes(wanted[name])) wanted[name] = "";
  byId(`library-${name}`).replaceChildren(make("option", { value: "" }, t(`all_${name}s`)), ...values.map((value) => make("option", { value }, value)));
  byId(`library-${name}`).value = wanted[name];
}

/** @param {Row} row */
function open({ info }) {
  openSource({ ...info, document_id: info.id, start: 0, end: 0 }, "", of);
}

/** Show what may be done with the rows that are selected. */
function chosen() {
  const number = selection(rows).length;
  byId("chosen").hidden = number === 0;
  byId("chosen-count").textContent = t("chosen", { n: number });
  byId("all").checked = number > 0 && number === shown().length;
  byId("all").indeterminate = number > 0 && !byId("all").checked;
}

function askChosen() {
  askOnly({ document: selection(rows).map((row) => row.info.id) });
}

/** Delete the documents that are selected, one after another, in the index that they are of. */
async function removeChosen() {
  const index = of;
  const doomed = selection(rows);
  const [{ title }] = doomed.map((row) => row);
  if (!(await confirmed(t("delete_documents", { n: doomed.length, title }), t("delete")))) return;
  byId("delete-chosen").disabled = true;
  /** @type {string[]} */
  const left = [];
  for (const [done, { info }] of doomed.entries()) {
    announce(t("deleting", { n: done + 1, all: doomed.length }));
    byId("chosen-count").textContent = t("deleting", { n: done + 1, all: doomed.length });
    try {
      await patiently(() => request(documentAddress(info.id, index), { method: "DELETE" }));
    } catch (error) {
      left.push(`${info.title}: ${/** @type {Error} */ (error).message}`);
    }
  }
  byId("delete-chosen").disabled = false;
  byId("library-problem").replaceChildren(...left.map((line) => make("li", {}, line)));
  byId("library-problem").hidden = left.length === 0;
  if (left.length === 0) select([]);
  announce(t("deleted_documents", { n: doomed.length - left.length }));
  documentsChanged(index);
  byId("library-search").focus();
}

function installUploads() {
  for (const id of ["upload-files", "upload-folder"]) {
    const field = byId(id);
    field.addEventListener("change", () => {
      upload([...field.files].map((file) => ({ file, name: file.webkitRelativePath || file.name })));
      field.value = ""; // so that the same file can be chosen again
    });
  }
  let over = 0; // elements that are under what is dragged
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(name, async (event) => {
      const data = /** @type {DragEvent} */ (event).dataTransfer;
      if (!data?.types.includes("Files") || !store.may("write")) return;
      event.preventDefault();
      over = name === "drop" ? 0 : over + (name === "dragenter" ? 1 : name === "dragleave" ? -1 : 0);
      document.body.classList.toggle("over", over > 0);
      if (name !== "drop") return;
      if (byId("library-view").hidden) location.hash = "#library";
      upload(await dropped(data));
    });
  }
}

/** @param {string} message */
function notice(message) {
  byId("library-notice").textContent = message;
  byId("library-notice").hidden = message === "";
}
