// Files of folders on the server that could not be read: why, and read again, such as with a password.

import { announce, button, byId, make } from "../base/dom.js";
import { inIndex, patiently, request } from "../base/requests.js";
import { store } from "../base/store.js";
import { partsOf } from "../base/text.js";
import { t } from "../base/words.js";
import { documentsChanged } from "./catalogue.js";
import { isLocked, unlocking } from "./unlocking.js";

/** @typedef {{id: string, reason: string}} Unread */

/** Show the files of an index that could not be read, folded up; nothing if there are none.
 *  @param {string} index */
export async function showUnread(index) {
  const ticket = store.ticket("unread", index);
  /** @type {Unread[]} */
  const files = await request(inIndex("v1/unread", index)).then((found) => found.files, () => []);
  if (!ticket.current()) return;
  const box = byId("unread");
  box.hidden = files.length === 0;
  box.querySelector("summary").textContent = t("unread_files", { n: files.length });
  box.querySelector("ul").replaceChildren(...files.map((file) => itemElement(file, index)));
}

/** @param {Unread} file
 *  @param {string} index
 *  @returns {HTMLElement} */
function itemElement({ id, reason }, index) {
  const state = make("span", { class: "state" }, reason);
  const item = make("li", { class: "failed" }, make("span", { class: "name", dir: "auto" }, id), state);
  if (!store.may("write")) return item;
  const again = async (password = "") => {
    tool.hidden = true;
    state.textContent = t("upload_reads");
    const headers = { "Content-Type": "application/json" };
    try {
      const body = JSON.stringify({ id, password });
      const came = await patiently(() => request(inIndex("v1/unread", index), { method: "POST", headers, body }));
      if (!came.done) throw new Error(came.error ?? reason);
      state.textContent = t("upload_ready", { passages: t("passages", { n: came.passages }) });
      item.className = "done";
      announce(t("upload_done", { name: id }));
      documentsChanged(index);
    } catch (error) {
      state.textContent = /** @type {Error} */ (error).message.replace(`${partsOf(id).name}: `, "");
      announce(`${id}: ${state.textContent}`);
      tool.hidden = false;
    }
  };
  const tool = isLocked(id, reason) ? unlocking(id, again) : button(t("read_again"), () => again(), { "aria-label": t("read_again_of", { name: id }) });
  item.append(tool);
  return item;
}
