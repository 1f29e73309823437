/** The first line of /proc/stat beside those of the single CPUs. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

export class ProcColumns extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'F-03',
    says: 'a column of the first line of /proc/stat is the sum of the lines below, and less than one unit a CPU more: it is summed up ' +
      'before it is divided',
    reference: 'fs/proc/stat.c show_stat',
    blindTo: 'columns that are wrong in all lines; machines of which a CPU is offline',
    listens: [],
  };

  constructor(facts: RunFacts) {
    super(ProcColumns.about, facts);
  }

  onEvent(): void {}

  onFile(path: string, text: string): void {
    if (path !== 'proc/stat') return;
    const lines = [...text.matchAll(/^cpu\d* +(.*)$/gm)].map(([, columns]) => columns!.split(' ').map(Number));
    const [all = [], ...single] = lines;
    if (single.length < this.facts.cpus) return;
    this.checked++;
    all.forEach((total, column) => {
      const parts = single.reduce((sum, cpu) => sum + cpu[column]!, 0);
      if (total >= parts && total < parts + single.length) return;
      this.broken(() => ({ says: `column ${column + 1} of /proc/stat is ${total}, its CPUs' together ${parts}`, events: [] }));
    });
  }
}
