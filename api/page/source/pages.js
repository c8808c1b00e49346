// The pages of an original as pictures, each drawn when it is looked at, with the cited place marked on them.

/** @import {Box, Place} from "../base/types.js" */

import { make } from "../base/dom.js";
import { bytes, documentAddress, request } from "../base/requests.js";
import { partsOf } from "../base/text.js";
import { t } from "../base/words.js";

const PAGED = new Set(["pdf", "docx", "doc", "odt", "rtf", "pptx", "ppt", "odp"]);
const MOST_WIDE = 2000; // dots
const MARGIN = "600px"; // around what is seen: pages that are drawn ahead

/** True if a document of that id may have pages that can be shown.
 *  @param {string} id */
export function mayHavePages(id) {
  return PAGED.has(partsOf(id).type);
}

/** The rectangles of a cited sentence and of its words that are the answer; none if they are not known.
 *  @param {Place} cited
 *  @param {string} index
 *  @returns {Promise<{sentence: Box[], words: Box[]}>} */
export async function placeOnPages(cited, index) {
  const none = { sentence: [], words: [] };
  if (partsOf(cited.document_id).type !== "pdf" || cited.end <= cited.start) return none;
  const of = async (/** @type {number} */ start, /** @type {number} */ end) => {
    return (await request(documentAddress(cited.document_id, index, `/boxes?start=${start}&end=${end}`))).boxes;
  };
  const { answer_start: from, answer_end: to } = cited;
  const hasWords = from !== undefined && to !== undefined && from < to;
  const [sentence, words] = await Promise.all([cited.boxes ?? of(cited.start, cited.end), hasWords ? cited.answer_boxes ?? of(from, to) : []]);
  return { sentence, words };
}

/** Fill an element with the pages of a document. Returns a function that scrolls to the marked place.
 *  @param {HTMLElement} box that scrolls
 *  @param {string} id
 *  @param {string} index
 *  @param {{sentence: Box[], words: Box[]}} marked
 *  @param {() => boolean} wanted false once something else is shown
 *  @returns {Promise<void>} */
export async function showPages(box, id, index, marked, wanted) {
  const { pages } = await request(documentAddress(id, index, "/pages"));
  if (!wanted()) return;
  const figures = pages.map((/** @type {{page: number, width: number, height: number}} */ size) => pageElement(size, marked));
  box.replaceChildren(...figures);
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      draw(/** @type {HTMLElement} */ (target), id, index);
    }
  }, { root: box, rootMargin: MARGIN });
  for (const figure of figures) seen.observe(figure);
  const first = box.querySelector(".box");
  if (first === null) box.scrollTop = 0;
  else box.scrollTop += first.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3;
}

/** @param {{page: number, width: number, height: number}} size
 *  @param {{sentence: Box[], words: Box[]}} marked */
function pageElement({ page, width, height }, { sentence, words }) {
  const boxes = [...sentence.map((box) => ({ box, kind: "box" })), ...words.map((box) => ({ box, kind: "box words" }))];
  const here = boxes.filter(({ box }) => box.page === page).map(({ box, kind }) => boxElement(box, kind));
  const label = here.length > 0 ? t("page_marked", { n: page }) : t("page_at", { n: page });
  const figure = make("div", { class: "sheet", role: "img", "aria-label": label, "data-page": page }, make("canvas", { "aria-hidden": "true" }), ...here);
  figure.style.aspectRatio = `${width} / ${height}`;
  return figure;
}

/** @param {Box} box
 *  @param {string} kind */
function boxElement({ x0, y0, x1, y1 }, kind) {
  const element = make("div", { class: kind });
  for (const [side, share] of Object.entries({ left: x0, top: y0, width: x1 - x0, height: y1 - y0 })) element.style.setProperty(side, `${100 * share}%`);
  return element;
}

/** @param {HTMLElement} figure
 *  @param {string} id
 *  @param {string} index */
async function draw(figure, id, index) {
  const width = Math.min(Math.ceil(figure.clientWidth * devicePixelRatio / 200) * 200, MOST_WIDE); // few widths: pages are cached
  try {
    const picture = await createImageBitmap(await bytes(documentAddress(id, index, `/pages/${figure.dataset.page}.png?width=${width}`)));
    const canvas = /** @type {HTMLCanvasElement} */ (figure.querySelector("canvas"));
    [canvas.width, canvas.height] = [picture.width, picture.height];
    canvas.getContext("2d")?.drawImage(picture, 0, 0);
    figure.classList.add("drawn");
  } catch (error) {
    figure.append(make("p", { class: "problem" }, /** @type {Error} */ (error).message));
  }
}
