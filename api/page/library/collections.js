// Indexes on the page: made, renamed and deleted, as far as the caller may.

import { announce, byId, confirmed } from "../base/dom.js";
import { request } from "../base/requests.js";
import { store } from "../base/store.js";
import { t } from "../base/words.js";
import { current } from "../conversation/conversation.js";
import { renameIndex } from "../conversation/threads.js";

let before = ""; // the index that gets another name; "" if one is made

/** Listen to what is done with indexes. */
export function installCollections() {
  for (const event of ["known", "index"]) store.addEventListener(event, offer);
  byId("collection-new").addEventListener("click", () => ask(""));
  byId("collection-rename").addEventListener("click", () => ask(store.index));
  byId("collection-delete").addEventListener("click", remove);
  byId("naming-cancel").addEventListener("click", () => byId("naming").close());
  byId("naming-form").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    named(byId("naming-value").value);
  });
}

/** Show what may be done: the default index keeps its name and stays. */
function offer() {
  const mayManage = store.may("admin") && store.may("write");
  const isOther = store.indexes.includes(store.index) && store.index !== store.preset;
  byId("collection-new").hidden = !mayManage;
  for (const name of ["rename", "delete"]) byId(`collection-${name}`).hidden = !mayManage || !isOther;
}

/** Ask for a name.
 *  @param {string} index */
function ask(index) {
  before = index;
  byId("naming-title").textContent = index === "" ? t("index_new_title") : t("index_rename_title", { name: index });
  byId("naming-value").value = index;
  byId("naming-refused").hidden = true;
  byId("naming").showModal();
  byId("naming-value").select();
}

/** @param {string} name */
async function named(name) {
  const old = before;
  const headers = { "Content-Type": "application/json" };
  try {
    const address = old === "" ? "v1/indexes" : `v1/indexes/${encodeURIComponent(old)}`;
    await request(address, { method: old === "" ? "POST" : "PATCH", headers, body: JSON.stringify({ name }) });
  } catch (error) {
    byId("naming-refused").textContent = /** @type {Error} */ (error).message;
    byId("naming-refused").hidden = false;
    return;
  }
  if (old !== "") await renamed(old, name);
  await learn(name);
  byId("naming").close();
  announce(t(old === "" ? "index_made" : "index_renamed", { name }));
}

/** @param {string} old
 *  @param {string} name */
async function renamed(old, name) {
  await renameIndex(old, name);
  const thread = current();
  if (thread?.index === old) thread.index = name;
}

async function remove() {
  const name = store.index;
  if (!(await confirmed(t("delete_index", { name }), t("delete")))) return;
  try {
    await request(`v1/indexes/${encodeURIComponent(name)}`, { method: "DELETE" });
    await learn(store.preset);
    announce(t("deleted", { name }));
    byId("collection-new").focus();
  } catch (error) {
    byId("library-notice").textContent = /** @type {Error} */ (error).message;
    byId("library-notice").hidden = false;
  }
}

/** Read what indexes there are now, and choose one.
 *  @param {string} name */
async function learn(name) {
  const told = await request("v1/indexes");
  store.know(told);
  if (told.indexes.includes(name)) store.choose(name);
}
