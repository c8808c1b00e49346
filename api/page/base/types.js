// Types of what the server sends and of what the browser keeps, for `tsc --checkJs`; there is no code here.

/**
 * @typedef {{page: number, x0: number, y0: number, x1: number, y1: number}} Box
 *
 * @typedef {object} Citation
 * @property {number} label
 * @property {string} document_id
 * @property {string} title
 * @property {string} source
 * @property {number | null} page
 * @property {string | null} section
 * @property {number} start
 * @property {number} end
 * @property {string} quote
 * @property {number} answer_start
 * @property {number} answer_end
 * @property {string | null} [as_of]
 * @property {string | null} [as_of_origin]
 * @property {boolean} [stale]
 * @property {Box[] | null} [boxes]
 * @property {Box[] | null} [answer_boxes]
 *
 * @typedef {object} Passage
 * @property {string} id
 * @property {string} document_id
 * @property {string} title
 * @property {string} source
 * @property {number | null} page
 * @property {string | null} section
 * @property {number} start
 * @property {number} end
 * @property {string} text
 * @property {string[]} [also_in]
 *
 * A place in a document that can be shown: a citation, a passage, or a whole document.
 * @typedef {object} Place
 * @property {string} document_id
 * @property {string} title
 * @property {number} start
 * @property {number} end
 * @property {string} [source]
 * @property {number | null} [page]
 * @property {string | null} [section]
 * @property {number} [answer_start]
 * @property {number} [answer_end]
 * @property {string | null} [as_of]
 * @property {string | null} [as_of_origin]
 * @property {Box[] | null} [boxes]
 * @property {Box[] | null} [answer_boxes]
 *
 * @typedef {{text: string, start: number, end?: number, citations: number[]}} Claim
 *
 * @typedef {object} Answer
 * @property {string} id
 * @property {string} question
 * @property {boolean} answered
 * @property {boolean} sure
 * @property {string} answer
 * @property {string} mode
 * @property {string | null} model
 * @property {number | null} confidence
 * @property {number | null} faithfulness
 * @property {{reason: string, message: string, near: boolean} | null} abstained
 * @property {string | null} [resolved_question]
 * @property {Claim[]} claims
 * @property {Citation[]} citations
 * @property {Passage[]} passages
 * @property {{about: string, values: {value: string, claim: string, citations: number[], as_of: string | null}[]}[]} conflicts
 * @property {{text: string, citations: number[]} | null} [alternative]
 * @property {string[]} unanswered
 * @property {string[]} notices
 * @property {{name: string, generation: number}} index
 * @property {{id: string, title: string, source: string}[]} documents
 *
 * @typedef {object} Info
 * @property {string} id
 * @property {string} title
 * @property {string} source
 * @property {number} passages
 * @property {number} characters
 * @property {number | null} pages
 * @property {string | null} modified
 * @property {string[]} notes
 * @property {boolean} stale
 * @property {Record<string, string>} [metadata]
 *
 * What a question is held to, as the server takes it.
 * @typedef {Record<string, string[]>} Filters
 *
 * @typedef {object} Thread
 * @property {string} id
 * @property {string} name
 * @property {string} index
 * @property {string} created
 * @property {string} changed
 * @property {Filters} filters
 * @property {string} words
 *
 * @typedef {object} Turn
 * @property {string} id
 * @property {string} thread
 * @property {number} number
 * @property {string} question
 * @property {string} asked
 * @property {Filters} filters
 * @property {Answer | null} answer
 * @property {string} answer_id
 * @property {number} seconds
 * @property {"up" | "down" | null} [rating]
 */

export {};
