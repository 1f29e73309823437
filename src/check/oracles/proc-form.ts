/** Whether the files of /proc that programs parse have the form that programs parse. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [CPU, ONLINE] = places('cpu_final', 'cpu', 'online');

const TEN_NUMBERS = '( \\d+){10}';
const STAT = new RegExp(
  `^cpu ${TEN_NUMBERS}\n(cpu\\d+${TEN_NUMBERS}\n)+intr \\d+( \\d+)*\nctxt \\d+\nbtime \\d+\nprocesses \\d+\nprocs_running \\d+\n`
  + `procs_blocked \\d+\nsoftirq \\d+${TEN_NUMBERS}\n$`,
);
/** By the last part of a path, below the folder of a thread or a process. */
const OF_TASKS: Readonly<Record<string, RegExp>> = {
  // 52 fields, of which all but the name and the state are numbers
  stat: /^\d+ \([^\n]{0,64}\) [RSDZTtXI]( -?\d+){49}\n$/,
  schedstat: /^\d+ \d+ \d+\n$/,
  status: /^Name:\t[^\n]*\n(\w+:\t[^\n]*\n)+$/,
};
const OF_MACHINE: Readonly<Record<string, RegExp>> = {
  'proc/stat': STAT,
  'proc/uptime': /^\d+\.\d\d \d+\.\d\d\n$/,
  'proc/loadavg': /^(\d+\.\d\d ){3}\d+\/\d+ \d+\n$/,
  'proc/schedstat': /^version 1\d\ntimestamp \d+\n(cpu\d+ \d+ 0( \d+){7}\n(domain\d+ [^\n]*\d+\n)*)+$/,
};

export class ProcForm extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'F-01',
    says: 'files of /proc have the lines, columns and units that programs parse; lines of single CPUs are those of online CPUs',
    reference: 'fs/proc/stat.c, fs/proc/array.c, fs/proc/base.c, kernel/sched/stats.c',
    blindTo: 'whether the numbers are right, and files that are not about CPU time',
    listens: ['cpu_final'],
  };

  readonly #online: CpuId[] = [];

  constructor(facts: RunFacts) {
    super(ProcForm.about, facts);
  }

  onEvent(_id: number, _cpu: CpuId, _t: Ns, fields: Float64Array, at: number): void {
    if (fields[at + ONLINE] === 1) this.#online.push(fields[at + CPU]);
  }

  onFile(path: string, text: string): void {
    const form = OF_MACHINE[path] ?? (/^proc\/\d+\//.test(path) ? OF_TASKS[path.split('/').at(-1)!] : undefined);
    if (form === undefined) return;
    this.checked++;
    if (!form.test(text)) this.#report(path, 'has not the form that programs parse', text);
    if (path !== 'proc/stat' && path !== 'proc/schedstat') return;
    const shown = [...text.matchAll(/^cpu(\d+) /gm)].map(([, cpu]) => Number(cpu));
    const online = this.#online.toSorted((a, b) => a - b);
    if (shown.join() === online.join()) return;
    this.#report(path, `has lines of CPUs ${shown.join(', ')}, and online are ${online.join(', ')}`, text);
  }

  #report(path: string, wrong: string, text: string): void {
    this.broken(() => ({ says: `${path} ${wrong}: it begins with ${JSON.stringify(text.slice(0, 100))}`, events: [] }));
  }
}
