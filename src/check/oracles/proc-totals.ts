/** Totals of interrupts and softirqs, in /proc/stat and where they are shown one by one. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
const numbersOf = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number);

export class ProcTotals extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'F-04',
    says: 'the total of softirqs in /proc/stat is the sum of its columns and of all of /proc/softirqs; that of interrupts is no less ' +
      'than that of its lines',
    reference: 'fs/proc/stat.c show_stat; fs/proc/softirqs.c',
    blindTo: 'interrupts without a line',
    listens: [],
  };

  #softirqs: number[] = [];
  #byVector = 0;

  constructor(facts: RunFacts) {
    super(ProcTotals.about, facts);
  }

  onEvent(): void {}

  onFile(path: string, text: string): void {
    if (path === 'proc/softirqs') this.#byVector = sum([...text.matchAll(/^ *\w+:(.*)$/gm)].flatMap(([, counts]) => numbersOf(counts!)));
    if (path === 'proc/stat') this.#stat(text);
    if (path === 'proc/softirqs' || path === 'proc/stat') this.#compare();
  }

  #stat(text: string): void {
    const [total = 0, ...lines] = numbersOf(/^intr (.*)$/m.exec(text)?.[1] ?? '');
    this.#softirqs = numbersOf(/^softirq (.*)$/m.exec(text)?.[1] ?? '');
    this.checked++;
    if (total >= sum(lines)) return;
    this.broken(() => ({ says: `/proc/stat shows ${total} interrupts, and ${sum(lines)} of them by line`, events: [] }));
  }

  /** Once both files are there. */
  #compare(): void {
    const [total, ...columns] = this.#softirqs;
    if (total === undefined || this.#byVector === 0) return;
    this.checked++;
    if (total === sum(columns) && total === this.#byVector) return;
    this.broken(() => ({
      says: `/proc/stat shows ${total} softirqs, ${sum(columns)} by its columns, and /proc/softirqs ${this.#byVector}`, events: [],
    }));
  }
}
