// How an answer is to be taken: certain, uncertain, refused, or a line about what can be asked (pure).

/** @import {Answer} from "../base/types.js" */

import { t } from "../base/words.js";

/** @typedef {"certain" | "uncertain" | "refused" | "talk"} Verdict */

/** @param {Answer} answer
 *  @returns {Verdict} */
export function kindOf(answer) {
  if (!answer.answered) return answer.abstained?.reason === "talk" ? "talk" : "refused";
  return answer.sure ? "certain" : "uncertain";
}

/** The verdict in words.
 *  @param {Answer} answer */
export function verdictOf(answer) {
  return t(`verdict_${kindOf(answer)}`).replace(/:$/, "");
}
