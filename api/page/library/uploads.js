// Uploads: files and folders, some at a time, each with its progress, until it is a document or the server refuses it.

import { announce, button, byId, make } from "../base/dom.js";
import { inIndex, patiently, request, send } from "../base/requests.js";
import { store } from "../base/store.js";
import { t } from "../base/words.js";
import { documentsChanged } from "./catalogue.js";
import { isLocked, unlocking } from "./unlocking.js";

const AT_ONCE = 3; // files that are sent: the server takes four at once
const POLL_MS = 700; // between two looks at the jobs
const LOOKED_AT = 3; // the oldest jobs, one after another; as many as the server reads at once

/** @typedef {{file: File, name: string, password: string, index: string, item: HTMLElement, state: HTMLElement, bar: HTMLElement, job: any}} Upload */

/** @type {Upload[]} */
const waiting = []; // to be sent
/** @type {Upload[]} */
const jobs = []; // sent, to be read
let sending = 0;
let looking = false;

/** Upload files into the index that is shown now, whatever is chosen meanwhile.
 *  @param {{file: File, name: string, password?: string}[]} files
 *  @param {string} index */
export function upload(files, index = store.index) {
  for (const { file, name, password = "" } of files) {
    const bar = make("progress", { max: "1", value: "0", "aria-label": t("upload_of", { name }) });
    const state = make("span", { class: "state" }, t("upload_waits"));
    const item = make("li", {}, make("span", { class: "name", dir: "auto" }, name), state, bar);
    byId("uploads").prepend(item);
    waiting.push({ file, name, password, index, item, state, bar, job: null });
  }
  byId("uploads-box").hidden = byId("uploads").children.length === 0;
  for (let free = AT_ONCE - sending; free > 0; free -= 1) sendNext();
}

/** The files of a drop, with those in folders.
 *  @param {DataTransfer} data
 *  @returns {Promise<{file: File, name: string}[]>} */
export async function dropped(data) {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null && entry !== undefined);
  if (entries.length === 0) return [...data.files].map((file) => ({ file, name: file.name }));
  return (await Promise.all(entries.map((entry) => filesOf(entry, "")))).flat();
}

/** @param {any} entry
 *  @param {string} above
 *  @returns {Promise<{file: File, name: string}[]>} */
async function filesOf(entry, above) {
  const name = `${above}${entry.name}`;
  if (entry.isFile) return [{ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), name }];
  const reader = entry.createReader();
  const found = [];
  for (;;) { // it gives a hundred at a time
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) break;
    found.push(...part);
  }
  const hidden = (/** @type {any} */ one) => one.name.startsWith(".") || one.name.startsWith("~$");
  return (await Promise.all(found.filter((one) => !hidden(one)).map((one) => filesOf(one, `${name}/`)))).flat();
}

async function sendNext() {
  const one = waiting.shift();
  if (one === undefined) return;
  sending += 1;
  try {
    const address = inIndex("v1/documents", one.index);
    one.job = await patiently(() => {
      const form = new FormData();
      form.append("file", one.file, one.name);
      if (one.password) form.append("password", one.password);
      one.state.textContent = t("upload_sends");
      return send(address, form, (share) => { one.bar.setAttribute("value", `${share}`); });
    });
    one.bar.removeAttribute("value"); // the time that reading takes is not known
    jobs.push(one);
    look();
  } catch (error) {
    failed(one, /** @type {Error} */ (error).message);
  } finally {
    sending -= 1;
    sendNext();
  }
}

/** Look at the jobs in turn, one request at a time: many uploads must not use up the requests of a key. */
async function look() {
  if (looking) return;
  looking = true;
  while (jobs.length > 0) {
    let settled = false;
    for (const one of jobs.slice(0, LOOKED_AT)) {
      try {
        one.job = await patiently(() => request(`v1/jobs/${encodeURIComponent(one.job.id)}`));
        if (!settle(one)) continue;
      } catch (error) {
        failed(one, /** @type {Error} */ (error).message);
      }
      jobs.splice(jobs.indexOf(one), 1);
      settled = true;
    }
    if (!settled) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  looking = false;
}

/** Show how far a job is; true if it has ended.
 *  @param {Upload} one */
function settle(one) {
  const { status, error, passages } = one.job;
  if (status === "queued" || status === "running") {
    one.state.textContent = t(status === "queued" ? "upload_queued" : "upload_reads");
    return false;
  }
  if (status === "failed") {
    failed(one, error);
    return true;
  }
  one.bar.remove();
  one.item.classList.add("done");
  one.state.textContent = [t("upload_ready", { passages: t("passages", { n: passages }) }), error].filter(Boolean).join(" ");
  announce([t("upload_done", { name: one.name }), error].filter(Boolean).join(" "));
  documentsChanged(one.index);
  return true;
}

/** @param {Upload} one
 *  @param {string} why */
function failed(one, why) {
  const message = why.replace(`${one.name}: `, "");
  one.item.classList.add("failed");
  one.bar.remove();
  one.state.textContent = message;
  announce(`${one.name}: ${message}`);
  const again = (password = "") => {
    one.item.remove();
    upload([{ file: one.file, name: one.name, password }], one.index);
  };
  if (isLocked(one.name, message)) one.item.append(unlocking(one.name, again));
  else one.item.append(button(t("retry"), () => again(), { "aria-label": t("retry_of", { name: one.name }) }));
}
