// Strings and offsets: the server counts Unicode code points, JavaScript counts UTF-16 units. No DOM here.

const ENDING = /(\[\d+\])+[.!?。！？…]?$/; // the markers of a claim, and what closes it

/** The UTF-16 index of a code point offset: unitIndex("a😀b", 2) is 3. */
export function unitIndex(text, points) {
  let index = 0;
  for (let left = points; left > 0 && index < text.length; left -= 1) {
    index += text.codePointAt(index) > 0xffff ? 2 : 1;
  }
  return index;
}

/** Cut at a range of code points: the text before it, in it, and after it. */
export function cut(text, start, end) {
  const from = unitIndex(text, start);
  const to = from + unitIndex(text.slice(from), end - start);
  return [text.slice(0, from), text.slice(from, to), text.slice(to)];
}

/** An answer as pieces of text and citation markers: "Paris [1]." -> [{text: "Paris "}, {label: 1}, {text: "."}].
 *  A number in brackets is a marker at the end of a claim; before, it is part of the claim: "see [1] there [1]." */
export function answerPieces(answer) {
  const labels = new Set(answer.citations.map((citation) => citation.label));
  const bodies = answer.claims.map((claim) => {
    const start = unitIndex(answer.answer, claim.start);
    return [start, start + claim.text.length - (claim.text.match(ENDING)?.[0].length ?? 0)];
  });
  const pieces = [];
  let done = 0;
  for (const found of answer.answer.matchAll(/\[(\d+)\]/g)) {
    const label = Number(found[1]);
    const isSaid = bodies.some(([start, end]) => start <= found.index && found.index < end);
    if (isSaid || !labels.has(label)) continue;
    pieces.push({ text: answer.answer.slice(done, found.index) }, { label });
    done = found.index + found[0].length;
  }
  pieces.push({ text: answer.answer.slice(done) });
  return pieces.filter((piece) => piece.label !== undefined || piece.text !== "");
}
