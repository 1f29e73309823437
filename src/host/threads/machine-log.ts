/** What the main thread has to say in the run's log about the threads: when they were up, how they ended, what broke them. */
import type { Ns } from '../../../shared/units.ts';
import type { RunLog } from '../log.ts';

const SILENT: RunLog = { info: () => {}, warn: () => {}, error: () => {}, close: () => {} };

export class MachineLog {
  private readonly log: RunLog;
  private readonly started = performance.now();
  private hasBegun = false;

  /** `path` is the run's log, or null. */
  static async open(path: string | null): Promise<MachineLog> {
    if (path === null) return new MachineLog(SILENT);
    const { openRunLog } = await import('../log.ts');
    return new MachineLog(openRunLog(path));
  }

  private constructor(log: RunLog) {
    this.log = log;
  }

  threadsUp(facts: object): void {
    this.log.info(0, 'threads up', { ms: this.ms, ...facts });
  }

  /** The first records have come; said once. */
  begun(ns: Ns): void {
    if (this.hasBegun) return;
    this.hasBegun = true;
    this.log.info(ns, 'first records', { ms: this.ms });
  }

  ended(ns: Ns, facts: object): void {
    this.log.info(ns, 'threads done', { ms: this.ms, ...facts });
  }

  failed(ns: Ns, why: Error): void {
    this.log.error(ns, 'threads ended early', { ms: this.ms, err: why });
  }

  close(): void {
    this.log.close();
  }

  /** Since the machine was asked for. */
  private get ms(): number {
    return Math.round(performance.now() - this.started);
  }
}
