/** What the swarm has found: each oracle's verdicts over all runs, and each run that went wrong. */
import type { RunResult } from '../../src/sim.ts';

interface Counts {
  held: number;
  broken: number;
  idle: number;
  checked: number;
}

export interface Failure {
  readonly seed: number;
  readonly engine: string;
  readonly says: string;
}

export class Tally {
  readonly failures: Failure[] = [];
  private readonly oracles = new Map<string, Counts>();
  private runs = 0;

  /** One judged run; returns what is broken in it. */
  add(seed: number, engine: string, { verdicts }: RunResult): Failure[] {
    this.runs += 1;
    const found: Failure[] = [];
    for (const { id, verdict } of verdicts) {
      const counts = this.oracles.get(id) ?? { held: 0, broken: 0, idle: 0, checked: 0 };
      this.oracles.set(id, counts);
      if (verdict.verdict === 'not exercised') counts.idle += 1;
      else counts.checked += verdict.checked;
      if (verdict.verdict === 'held') counts.held += 1;
      if (verdict.verdict !== 'broken') continue;
      counts.broken += 1;
      found.push({ seed, engine, says: `${id}: ${verdict.witness.says}` });
    }
    this.failures.push(...found);
    return found;
  }

  fail(failure: Failure): Failure[] {
    this.failures.push(failure);
    return [failure];
  }

  /** Oracles that nothing has put to the test. */
  get unexercised(): string[] {
    return [...this.oracles].filter(([, { held, broken }]) => held + broken === 0).map(([id]) => id);
  }

  print(log: (line: string) => void): void {
    log(`\n${'oracle'.padEnd(8)}${'held'.padStart(8)}${'broken'.padStart(8)}${'idle'.padStart(8)}${'checks'.padStart(14)}`);
    for (const [id, { held, broken, idle, checked }] of this.oracles) {
      log(id.padEnd(8) + [held, broken, idle].map((n) => String(n).padStart(8)).join('') + checked.toLocaleString('en').padStart(14));
    }
    const seeds = new Set(this.failures.map(({ seed }) => seed)).size;
    log(`\n${this.runs} runs; ${this.failures.length} failures of ${seeds} seeds; not exercised: ${this.unexercised.join(' ') || 'none'}`);
  }
}
