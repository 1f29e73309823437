import { describe, expect, test } from 'vitest';
import { EVENTS, Event } from '../../../shared/events.ts';
import { KTIME_MAX, NOBODY, type Ns, type TaskId } from '../../../shared/units.ts';
import { VtimeReader } from '../../../src/check/oracles/vtime-reader.ts';
import type { Verdict } from '../../../src/check/oracle.ts';
import type { Decisions } from '../../../src/kernel/decisions.ts';
import { vtimeUserEnter, vtimeUserExit } from '../../../src/kernel/sched/vtime.ts';
import { look } from '../../../src/kernel/reads/look.ts';
import { EventStream, runFacts } from '../../support/event-stream.ts';
import { attributesOf, type FakeMachine, type Traced } from '../../support/fake-arch.ts';
import { readTarget } from '../../support/read-target.ts';
import { witnessOf } from '../../support/verdicts.ts';
import { doAt, switchTo, trackedMachine } from '../../support/tracked.ts';

const T: TaskId = 2;
const READER: TaskId = 3;
const TARGET = readTarget(['task_cputime'], { threads: [T] }, { reader: 'complete' });
/** CPU 0's next event, in which T leaves user mode, and how far CPU 0 has come when it is over. */
const EDGE: Ns = 800;
const AFTER: Ns = 2_000;
/** CPU 1's clock. */
const NOW: Ns = 1_000;

/** T runs on CPU 0, in user mode since 300, and CPU 0 has promised to have done everything up to its next event. CPU 1 is ahead. */
class Race {
  readonly machine: FakeMachine;
  promise: Ns = EDGE;

  constructor(decisions: Partial<Decisions> = {}) {
    this.machine = trackedMachine(2, [attributesOf(), attributesOf()], { decisions });
    this.machine.as(0, (cpu) => switchTo(cpu, T));
    doAt(this.machine, 300, 0, (cpu) => vtimeUserEnter(cpu, T));
    this.machine.archs[1]!.clock = NOW;
    this.machine.archs[1]!.promiseOf = () => this.promise;
  }

  /** CPU 0's next event. */
  edge(): void {
    const [writer] = this.machine.archs;
    writer!.clock = EDGE;
    this.machine.as(0, (cpu) => vtimeUserExit(cpu, T));
    this.promise = AFTER;
    this.machine.as(1, () => undefined);
  }

  /** The reader's row, field by field. */
  read(): Record<string, number> {
    this.machine.as(1, (cpu) => look(cpu, READER, TARGET, 0));
    return named(this.rowOf('task_cputime'));
  }

  /** What the oracle of remote reads says of it. */
  judge(): Verdict {
    const stream = new EventStream();
    for (const row of this.machine.archs[0]!.traced.filter(({ name }) => name === 'vtime_publish')) {
      const fields = named(row);
      stream.add('vtime_publish', 0, fields.starttime!, fields);
    }
    stream.add('task_cputime', 1, NOW, named(this.rowOf('task_cputime')));
    return stream.feed(new VtimeReader(runFacts(2, 'gen', ['t-0', 'reader-0']))).finish();
  }

  private rowOf(name: string): Traced {
    return this.machine.archs[1]!.traced.find((row) => row.name === name)!;
  }
}

function named({ name, fields }: Traced): Record<string, number> {
  const schema = EVENTS[Event[name as keyof typeof Event]]!;
  return Object.fromEntries(schema.fields.map((field, i) => [field.name, fields[i]!]));
}

describe('a reader’s look at a task', () => {
  test('says version, promise and whose promise it was, before and after', () => {
    const race = new Race();
    expect(race.read()).toMatchObject({
      k0: 2, p0: EDGE, p0_cpu: 0, k: 2, p: EDGE, k1: 2, p1: EDGE, p1_cpu: 0, t: NOW, utime: 500, stime: 300,
    });
    expect(race.judge()).toEqual({ verdict: 'held', checked: 1 });
  });

  test('says so when the task has left that CPU in between', () => {
    const race = new Race();
    let looks = 0;
    race.machine.archs[1]!.schedClock = () => {
      if (looks++ === 0) {
        race.edge();
        race.machine.as(0, (cpu) => switchTo(cpu, 0));
        race.machine.as(1, () => undefined);
      }
      return NOW;
    };
    expect(race.read()).toMatchObject({
      k0: 2, p0: EDGE, p0_cpu: 0, k: 4, p: KTIME_MAX, k1: 4, p1: KTIME_MAX, p1_cpu: NOBODY, utime: 500, stime: 300,
    });
    expect(race.judge().verdict).toBe('held');
  });

  test('lingers nowhere without a fault', () => {
    const race = new Race();
    race.machine.archs[1]!.onLinger = () => { throw new Error('it did'); };
    race.machine.archs[0]!.onLinger = () => { throw new Error('it did'); };
    race.read();
    race.edge();
  });
});

describe('a planted fault of a reader', () => {
  test('promise-outside: what happens between the section and the promise is extrapolated over', () => {
    const race = new Race({ promiseAfterSection: true });
    race.machine.archs[1]!.onLinger = () => race.edge();
    expect(race.read()).toMatchObject({ k: 2, p: AFTER, utime: 700 });
    expect(witnessOf(race.judge()).says).toContain(`took version 2 for the truth at ${NOW} ns, but version 3 holds from ${EDGE} ns`);
  });

  test('own-clock: it looks beyond what the other CPU has done', () => {
    const race = new Race({ ignorePromise: true });
    expect(race.read()).toMatchObject({ k: 2, p: KTIME_MAX, utime: 700 });
    expect(witnessOf(race.judge()).says).toContain(`looked at ${NOW} ns, beyond the promise ${EDGE} ns`);
  });

  test('missing-retry: it takes half of one version and half of the next', () => {
    const race = new Race({ skipReadRetry: true });
    race.machine.archs[1]!.onLinger = () => race.edge();
    expect(race.read()).toMatchObject({ k: 2, starttime: 300, vtime_utime: 500 });
    expect(witnessOf(race.judge()).says).toContain('accepted vtime_utime 500 where the version it names has 0: a torn or stale tuple');
  });

  test.each(['tearVtimeWrite', 'vtimeDeltaOutsideSection'] as const)('%s: a reader may come where it lingers', (fault) => {
    const race = new Race({ [fault]: true });
    let read: Record<string, number> | undefined;
    race.machine.archs[0]!.onLinger = () => {
      read ??= race.read();
      race.machine.as(0, () => undefined);
    };
    race.machine.memory.lowerGuards();
    race.edge();
    expect(read).toMatchObject({ starttime: EDGE, vtime_utime: 0, utime: 0 });
  });
});
