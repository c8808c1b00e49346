// The list of conversations: searched, opened, named, exported, deleted.

/** @import {Thread} from "../base/types.js" */

import { announce, byId, confirmed, make } from "../base/dom.js";
import { store } from "../base/store.js";
import { t } from "../base/words.js";
import { save } from "../base/saving.js";
import { current } from "./conversation.js";
import { asMarkdown, asPage, asReferences } from "./export.js";
import { findThreads, put, removeThread, turnsOf, whenChangedElsewhere } from "./threads.js";

const WAIT_MS = 150; // after a letter of a search
let timer = 0;
/** @type {Promise<void>} */
let listing = Promise.resolve(); // the newest
let isRenaming = false; // the list waits, so that the field is not taken away

/** Show the list, and keep it as it is. */
export function installThreads() {
  byId("thread-search").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(list, WAIT_MS);
  });
  for (const event of ["thread", "threads"]) store.addEventListener(event, list);
  whenChangedElsewhere(list);
  byId("menu").addEventListener("click", () => showMenu(!document.body.classList.contains("menu")));
  byId("shade").addEventListener("click", () => showMenu(false));
  byId("threads").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && document.body.classList.contains("menu")) showMenu(false);
  });
  addEventListener("hashchange", () => showMenu(false, false));
  byId("thread-menu").addEventListener("click", (/** @type {Event} */ event) => acted(/** @type {HTMLElement} */ (event.target)));
  list();
}

/** Show or hide the list where it is not always there.
 *  @param {boolean} open
 *  @param {boolean} focus */
function showMenu(open, focus = true) {
  const was = document.body.classList.toggle("menu", open);
  byId("menu").setAttribute("aria-expanded", `${was}`);
  if (focus) (open ? byId("thread-search") : byId("menu")).focus();
}

/** Show the conversations that the search finds, as they are now. */
function list() {
  listing = isRenaming ? listing : show();
  return listing;
}

/** Wait until they are shown as they were asked for last. */
async function listed() {
  let last;
  do {
    last = listing;
    await last;
  } while (last !== listing);
}

async function show() {
  const ticket = store.ticket("threads", "");
  const found = await findThreads(byId("thread-search").value);
  if (!ticket.current() || isRenaming) return;
  const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.closest("#thread-list li")?.getAttribute("data-id");
  const shown = current()?.id;
  byId("thread-list").replaceChildren(...found.map((thread) => make(
    "li", { "data-id": thread.id },
    make("a", { href: `#c=${thread.id}`, title: `${thread.name}\n${t.day(thread.changed)}`, ...(thread.id === shown ? { "aria-current": "page" } : {}) }, thread.name),
  )));
  const isSearch = byId("thread-search").value.trim() !== "";
  byId("thread-none").textContent = found.length > 0 ? "" : isSearch ? t("threads_not_found") : t("threads_none");
  byId("thread-menu").hidden = shown === undefined;
  if (focused) byId("thread-list").querySelector(`[data-id="${focused}"] a`)?.focus();
}

/** @param {HTMLElement} target */
async function acted(target) {
  const thread = current();
  if (thread === null) return;
  const name = thread.name.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 50) || "conversation";
  if (target.dataset.act === "rename") await rename(thread);
  if (target.dataset.act === "markdown") save(`${name}.md`, "text/markdown", asMarkdown(thread, await turnsOf(thread.id)));
  if (target.dataset.act === "page") save(`${name}.html`, "text/html", asPage(thread, await turnsOf(thread.id)));
  if (target.dataset.act === "references") save(`${name}.json`, "application/vnd.citationstyles.csl+json", asReferences(await turnsOf(thread.id)));
  if (target.dataset.act === "delete") await remove(thread);
}

/** Put a field in the place of the name; a search that leaves the conversation out is ended.
 *  @param {Thread} thread */
async function rename(thread) {
  const shown = () => byId("thread-list").querySelector(`[data-id="${thread.id}"]`);
  if (shown() === null) {
    byId("thread-search").value = "";
    list();
    await listed();
  }
  const item = shown();
  if (item === null) return;
  const field = make("input", { type: "text", "aria-label": t("thread_name"), maxlength: "200" });
  field.value = thread.name;
  let done = false;
  const end = async (/** @type {boolean} */ keep) => {
    if (done) return;
    done = true;
    isRenaming = false;
    if (keep && field.value.trim()) await put("threads", Object.assign(thread, { name: field.value.trim() }));
    await list();
    byId("thread-list").querySelector(`[data-id="${thread.id}"] a`)?.focus();
  };
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" || event.key === "Escape") {
      event.stopPropagation();
      end(event.key === "Enter");
    }
  });
  field.addEventListener("blur", () => end(true));
  isRenaming = true;
  item.replaceChildren(field);
  field.select();
}

/** @param {Thread} thread */
async function remove(thread) {
  if (!(await confirmed(t("delete_thread", { name: thread.name }), t("delete")))) return;
  await removeThread(thread.id);
  announce(t("deleted", { name: thread.name }));
  location.hash = "#";
  byId("question").focus();
}
