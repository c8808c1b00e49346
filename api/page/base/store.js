// State that several views share: the index, what the caller may do, and the number of the latest request of each kind.

/**
 * The right to show a result: the index that it is of, and `current()`, which is false once a later request of its kind
 * was made or another index was chosen.
 * @typedef {{index: string, number: number, current: () => boolean}} Ticket
 */

export class Store extends EventTarget {
  index = "";
  preset = "default";
  /** @type {string[]} */
  indexes = [];
  /** @type {string[]} */
  scopes = ["read", "write", "admin"];
  /** @type {Map<string, number>} */
  #numbers = new Map();

  /** Number a request of a kind ("documents", "source"). One that names its index, such as that of a linked document,
   *  stays current when another is chosen.
   *  @param {string} kind
   *  @param {string} [index]
   *  @returns {Ticket} */
  ticket(kind, index) {
    const number = (this.#numbers.get(kind) ?? 0) + 1;
    this.#numbers.set(kind, number);
    const of = index ?? this.index;
    return { index: of, number, current: () => this.#numbers.get(kind) === number && (index !== undefined || of === this.index) };
  }

  /** Choose the index; views hear "index" if it is another one.
   *  @param {string} name */
  choose(name) {
    if (name === this.index) return;
    this.index = name;
    this.tell("index");
  }

  /** Take over what `GET /v1/indexes` says.
   *  @param {{indexes: string[], default: string, scopes?: string[]}} told */
  know({ indexes, default: preset, scopes }) {
    this.indexes = indexes;
    this.preset = preset;
    if (scopes) this.scopes = scopes;
    this.choose(indexes.includes(this.index) ? this.index : indexes.includes(preset) ? preset : indexes[0] ?? preset);
    this.tell("known");
  }

  /** @param {string} scope */
  may(scope) {
    return this.scopes.includes(scope);
  }

  /** Call the views that listen for a change of that name.
   *  @param {string} name */
  tell(name) {
    this.dispatchEvent(new Event(name));
  }
}

export const store = new Store();
