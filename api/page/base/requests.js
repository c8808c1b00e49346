// Requests to this server: JSON, server-sent events, files, uploads. A key is asked for if the server requires one.

import { anotherKey, keyHeaders } from "../settings/key.js";
import { t } from "./words.js";

const TRIES = 6; // of what the server puts off with a 429
const LONGEST_S = 30;
const ENDINGS = /\/(text|file|pages|boxes|blocks|pages\/[^/]*)$/; // of an id that could be taken for what belongs to a document

/** What the server refused: its message, the status, and after how many seconds to try again if it says so. */
export class Refusal extends Error {
  /** @param {string} message
   *  @param {number} status
   *  @param {number} after */
  constructor(message, status = 0, after = 1) {
    super(message);
    this.status = status;
    this.after = after;
  }
}

/** The address of a document or of what belongs to it; without an index, in the server's default one. Slashes stay as
 *  they are, since some proxies refuse them encoded, if the id can be told from what follows it.
 *  @param {string} id
 *  @param {string} index
 *  @param {string} rest */
export function documentAddress(id, index, rest = "") {
  const parts = id.split("/");
  const plain = !ENDINGS.test(id) && parts.every((part) => !["", ".", ".."].includes(part));
  const path = plain ? parts.map(encodeURIComponent).join("/") : encodeURIComponent(id);
  return inIndex(`v1/documents/${path}${rest}`, index);
}

/** An address with the index that is meant; the server's default one if none is known yet.
 *  @param {string} address
 *  @param {string} index */
export function inIndex(address, index) {
  return index ? `${address}${address.includes("?") ? "&" : "?"}index=${encodeURIComponent(index)}` : address;
}

/** The JSON of an address; throws a `Refusal` with the server's own message if it refuses.
 *  @param {string} path
 *  @param {RequestInit} options
 *  @returns {Promise<any>} */
export async function request(path, options = {}) {
  return (await response(path, options)).json();
}

/** The bytes of an address.
 *  @param {string} path
 *  @param {RequestInit} options
 *  @returns {Promise<Blob>} */
export async function bytes(path, options = {}) {
  return (await response(path, options)).blob();
}

/** Call again what the server puts off, after the time that it names: many requests in a row may be too many for a key.
 *  @template T
 *  @param {() => Promise<T>} call
 *  @returns {Promise<T>} */
export async function patiently(call) {
  for (let tried = 1; ; tried += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 429 || tried === TRIES) throw error;
      const { after } = error;
      await new Promise((resolve) => setTimeout(resolve, 1000 * Math.min(after, LONGEST_S)));
    }
  }
}

/** The events of an address, one after another as they come: {name, data}.
 *  @param {string} path
 *  @param {RequestInit} options
 *  @returns {AsyncGenerator<{name: string, data: any}>} */
export async function* events(path, options) {
  const { body } = await response(path, options);
  if (body === null) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const blocks = (rest + part.value).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const event of blocks.map(parsed)) if (event !== null) yield event;
    }
  } finally {
    reader.cancel().catch(() => null);
  }
}

/** Send a form, with `progress` told the share that is sent, 0..1. -> the JSON of the response.
 *  @param {string} path
 *  @param {FormData} form
 *  @param {(share: number) => void} progress
 *  @returns {Promise<any>} */
export async function send(path, form, progress) {
  const sent = keyHeaders();
  const { status, body, after } = await posted(path, form, sent, progress);
  if (status === 401 && (await anotherKey(sent))) return send(path, form, progress);
  if (status < 200 || status > 299) throw refusal(status, body, after);
  return body;
}

/** @param {string} path
 *  @param {RequestInit} options
 *  @returns {Promise<Response>} */
async function response(path, options) {
  const sent = keyHeaders();
  let found;
  try {
    found = await fetch(path, { ...options, headers: { ...options.headers, ...sent } });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unreachable();
  }
  if (found.status === 401 && (await anotherKey(sent))) return response(path, options);
  if (!found.ok) throw refusal(found.status, await found.json().catch(() => ({})), found.headers.get("Retry-After"));
  return found;
}

/** @param {string} path
 *  @param {FormData} form
 *  @param {Record<string, string>} headers
 *  @param {(share: number) => void} progress
 *  @returns {Promise<{status: number, body: any, after: string | null}>} */
function posted(path, form, headers, progress) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest(); // `fetch` does not report progress
    sending.open("POST", path);
    for (const [name, value] of Object.entries(headers)) sending.setRequestHeader(name, value);
    sending.responseType = "json";
    sending.upload.addEventListener("progress", ({ loaded, total }) => progress(total ? loaded / total : 0));
    sending.addEventListener("load", () => {
      resolve({ status: sending.status, body: sending.response ?? {}, after: sending.getResponseHeader("Retry-After") });
    });
    sending.addEventListener("error", () => reject(unreachable()));
    sending.send(form);
  });
}

/** "event: answer\ndata: {...}" -> {name, data}; null for comments, which keep the connection.
 *  @param {string} block */
function parsed(block) {
  const fields = Object.fromEntries(block.split("\n").map((line) => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)];
  }));
  return fields.data === undefined ? null : { name: fields.event ?? "message", data: JSON.parse(fields.data) };
}

/** @param {number} status
 *  @param {any} body
 *  @param {string | null} after */
function refusal(status, body, after) {
  return new Refusal(body?.error?.message ?? t("status_of", { status }), status, Number(after) || 1);
}

function unreachable() {
  return new Refusal(t("unreachable"));
}
