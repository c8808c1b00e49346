// The API key, if the server requires one: asked for once, kept until the tab is closed, sent with every request.

import { byId } from "../base/dom.js";

const NAME = "rag-api-key";
/** @type {Promise<boolean> | null} */
let asking = null; // the dialog that is open: many requests may be refused at the same time

byId("key-cancel").addEventListener("click", () => byId("key").close(""));
byId("key-form").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  byId("key").close(byId("key-value").value.trim());
});
byId("key-forget").addEventListener("click", () => {
  sessionStorage.removeItem(NAME);
  location.reload();
});
showForget();

/** The headers that carry the key; none if there is none.
 *  @returns {Record<string, string>} */
export function keyHeaders() {
  const key = sessionStorage.getItem(NAME);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** Ask for a key after a request with `sent` was refused: true if there is another key to try, false if none was given.
 *  @param {Record<string, string>} sent
 *  @returns {Promise<boolean>} */
export async function anotherKey(sent) {
  if (keyHeaders().Authorization !== sent.Authorization) return true; // another request asked meanwhile
  asking ??= ask(sent.Authorization !== undefined).finally(() => { asking = null; });
  return asking;
}

/** @param {boolean} refused
 *  @returns {Promise<boolean>} */
function ask(refused) {
  byId("key-refused").hidden = !refused;
  byId("key-value").value = "";
  byId("key").returnValue = "";
  byId("key").showModal();
  return new Promise((resolve) => {
    byId("key").addEventListener("close", () => {
      const key = byId("key").returnValue;
      byId("key-value").value = "";
      if (key) sessionStorage.setItem(NAME, key);
      showForget();
      resolve(key !== "");
    }, { once: true });
  });
}

function showForget() {
  byId("key-kept").hidden = keyHeaders().Authorization === undefined;
}
