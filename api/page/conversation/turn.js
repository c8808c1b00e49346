// One turn on the page: the question, which can be edited, its answer as it comes, and what can be done with that.

/** @import {Answer, Turn} from "../base/types.js" */

import { announce, button, make } from "../base/dom.js";
import { request } from "../base/requests.js";
import { t } from "../base/words.js";
import { AnswerView, foundLine } from "./answer.js";
import { copyText, withSources } from "./copying.js";
import { followUps } from "./follow_ups.js";
import { chipText } from "./scope.js";
import { kindOf } from "./verdict.js";

/**
 * What a turn may cause.
 * @typedef {object} Actions
 * @property {(turn: Turn, question: string) => void} again asks the question in place of the one of the turn
 * @property {(question: string) => void} ask
 * @property {(turn: Turn) => void} keep
 */

export class TurnView {
  /** @param {Turn} turn
   *  @param {string} index
   *  @param {Actions} actions */
  constructor(turn, index, actions) {
    this.turn = turn;
    this.actions = actions;
    this.answer = new AnswerView(index);
    this.asked = make("h2", { class: "asked", dir: "auto" }, turn.question);
    this.step = make("span", { class: "step" });
    this.elapsed = make("span", { class: "elapsed" });
    this.waiting = make("div", { class: "waiting", hidden: true }, make("progress", { "aria-label": t("answering") }), make("p", { "aria-hidden": "true" }, this.step, " ", this.elapsed));
    this.problem = make("div");
    this.tools = make("div");
    this.next = make("div");
    this.question = make("div", { class: "question" }, this.asked, button("✎", () => this.#edit(), { class: "quiet", "aria-label": t("edit"), title: t("edit") }));
    const limits = Object.entries(turn.filters).flatMap(([key, values]) => values.map((value) => chipText(key, value)));
    const only = limits.length > 0 && make("p", { class: "only" }, t("only", { list: limits.join(", ") }));
    this.element = make("article", { class: "turn", "aria-label": t("turn"), tabindex: "-1" }, this.question, only, this.waiting, this.problem, this.answer.element, this.tools, this.next);
  }

  /** Show that the page waits, and how long; returns the function that ends it.
   *  @param {number} began */
  wait(began) {
    const tick = () => { this.elapsed.textContent = t("seconds", { n: Math.floor((performance.now() - began) / 1000) }); };
    tick();
    this.waiting.hidden = false;
    this.progress(t("step_search"));
    const timer = setInterval(tick, 250);
    return () => {
      clearInterval(timer);
      this.waiting.hidden = true;
    };
  }

  /** @param {string} line */
  progress(line) {
    this.step.textContent = `${line} …`;
    announce(`${line}.`);
  }

  /** Show an event of the answer's stream.
   *  @param {string} name
   *  @param {any} data */
  event(name, data) {
    if (name === "passages") {
      this.answer.passages(data.passages);
      this.progress(data.passages.length === 0 ? t("step_none") : t("step_read", { found: foundLine(data.passages) }));
    } else if (name === "sentence") {
      this.answer.sentence(data);
      this.progress(t("step_check"));
    }
  }

  /** Show the whole answer.
   *  @param {Answer} answer
   *  @param {boolean} last it is the newest turn, which proposes what to ask next */
  finish(answer, last) {
    this.answer.finish(answer, this.turn.seconds, this.turn.asked);
    this.tools.replaceChildren(this.#tools(answer));
    this.propose(last ? answer : null);
  }

  /** Propose what to ask next; nothing for null.
   *  @param {Answer | null} answer */
  propose(answer) {
    const proposed = answer === null ? [] : followUps(answer);
    this.next.replaceChildren(proposed.length === 0 ? "" : make(
      "ul", { class: "next", "aria-label": t("next") }, ...proposed.map((question) => make("li", {}, button(question, () => this.actions.ask(question), { class: "chip" }))),
    ));
  }

  /** Say why there is no answer, and offer to ask again; nothing half done stays.
   *  @param {string} message
   *  @param {"alert" | "note"} role */
  fail(message, role) {
    this.answer.element.hidden = true;
    const again = button(t("ask_again"), () => this.actions.again(this.turn, this.turn.question));
    this.problem.replaceChildren(make("div", { class: "problem" }, make("p", { role }, message), again));
  }

  #edit() {
    const field = make("textarea", { rows: "2", "aria-label": t("edit_label") });
    field.value = this.turn.question;
    const back = () => {
      form.replaceWith(this.question);
      this.question.querySelector("button")?.focus();
    };
    const form = make("form", { class: "edit" }, field, make("div", { class: "buttons" }, button(t("cancel"), back), make("button", { type: "submit", class: "main" }, t("ask_again"))));
    form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      if (field.value.trim() !== "") this.actions.again(this.turn, field.value);
    });
    field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") back();
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    this.question.replaceWith(form);
    field.focus();
  }

  /** @param {Answer} answer */
  #tools(answer) {
    const copy = (/** @type {string} */ text) => async () => {
      announce((await copyText(text)) ? t("copied") : t("not_copied"));
    };
    const link = `${location.origin}${location.pathname}#a=${answer.id}`;
    return make(
      "div", { class: "tools", role: "group", "aria-label": t("tools") },
      button(t("copy"), copy(answer.answer)),
      answer.citations.length > 0 && button(t("copy_sources"), copy(withSources(answer))),
      button(t("copy_link"), copy(link)),
      ...(kindOf(answer) === "talk" ? [] : this.#ratings(answer.id)),
    );
  }

  /** Buttons that tell the server if the answer is right; pressed again they take it back.
   *  @param {string} id */
  #ratings(id) {
    const told = make("span", { class: "told", role: "status" });
    const choices = /** @type {const} */ (["up", "down"]).map((rating) => button(t(`rate_${rating}`), () => rate(rating), { class: "rate", "data-rating": rating }));
    const show = () => { for (const choice of choices) choice.setAttribute("aria-pressed", `${choice.dataset.rating === this.turn.rating}`); };
    const rate = async (/** @type {"up" | "down"} */ rating) => {
      const wanted = this.turn.rating === rating ? null : rating;
      try {
        await request(`v1/answers/${encodeURIComponent(id)}/rating`, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ rating: wanted }) });
        this.turn.rating = wanted;
        this.actions.keep(this.turn);
        told.textContent = t(wanted === null ? "unrated" : "rated");
      } catch (error) {
        told.textContent = /** @type {Error} */ (error).message;
      }
      show();
    };
    show();
    return [...choices, told];
  }
}
