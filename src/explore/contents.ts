/**
 * What a model's cells can hold, by number: the same number for the same contents, whichever stores have led there. Only cells that hold
 * something else than at the start count.
 */
interface Content {
  readonly number: number;
  readonly cells: ReadonlyMap<number, number>;
  /** By cell and what is stored there. */
  readonly after: Map<number, Map<number, Content>>;
}

export class Contents {
  private readonly all: Content[] = [];
  private readonly byText = new Map<string, Content>();

  constructor() {
    this.known(new Map());
  }

  /** What there is if a cell of contents `number` gets another value; `initial` is what it held at the start. */
  after(number: number, cell: number, value: number, initial: number): number {
    const { cells, after } = this.all[number]!;
    const ways = after.get(cell) ?? new Map<number, Content>();
    const way = ways.get(value);
    if (way !== undefined) return way.number;
    const changed = new Map(cells);
    if (value === initial) changed.delete(cell);
    else changed.set(cell, value);
    const content = this.known(changed);
    after.set(cell, ways.set(value, content));
    return content.number;
  }

  private known(cells: ReadonlyMap<number, number>): Content {
    const text = [...cells].sort(([a], [b]) => a - b).join(' ');
    const known = this.byText.get(text);
    if (known !== undefined) return known;
    const content = { number: this.all.length, cells, after: new Map<number, Map<number, Content>>() };
    this.all.push(content);
    this.byText.set(text, content);
    return content;
  }
}
