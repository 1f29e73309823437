import { beforeEach, describe, expect, it } from 'vitest';
import { Watchdog, type HostClock, type Watched } from '../../../src/host/threads/watchdog.ts';

let [wall, cpu, progress, waiting] = [0, 0, 0, false];
const clock: HostClock = { wallMs: () => wall, cpuMs: () => cpu };
const machine: Watched = {
  progress: () => progress, isWaiting: () => waiting, witness: () => ({ thread: 'CPU 3', says: 'it is in an event' }),
};

let dog: Watchdog;
beforeEach(() => {
  [wall, cpu, progress, waiting] = [5_000, 800, 0, false];
  dog = new Watchdog(machine, {}, clock);
});

/** Looks ten times a second for `ms`, with that much of a core in use; the first complaint, and after how long. */
function look(ms: number, cores: number, meanwhile = () => {}): { readonly why: string; readonly afterMs: number } | null {
  for (let passed = 100; passed <= ms; passed += 100) {
    wall += 100;
    cpu += 100 * cores;
    meanwhile();
    const why = dog.look();
    if (why !== null) return { why: why.message, afterMs: passed };
  }
  return null;
}

describe('the watchdog', () => {
  it('bites after little more than half a second in which CPUs spin and no event ends', () => {
    expect(look(20_000, 1)).toEqual({
      afterMs: 700, why: 'CPU 3: hangs. No event ended for 0.6 s, in which 0.6 s of CPU time were used: it is in an event',
    });
  });

  it('counts from the last event that ended', () => {
    expect(look(3_000, 2, () => { progress += 1; })).toBeNull();
    expect(look(20_000, 2)?.afterMs).toBe(600);
  });

  it('waits on a starved host for the CPU time, not for the clock', () => {
    expect(look(20_000, 0.1)?.afterMs).toBe(4_100);
  });

  it('bites after ten seconds in which nobody does anything', () => {
    expect(look(20_000, 0)).toEqual({
      afterMs: 10_100, why: 'CPU 3: hangs. No event ended for 10.0 s, in which 0.0 s of CPU time were used: it is in an event',
    });
  });

  it('never bites while the run is parked, or waits for the main thread, and then counts anew', () => {
    waiting = true;
    expect(look(60_000, 2)).toBeNull();
    waiting = false;
    expect(look(20_000, 2)?.afterMs).toBe(600);
  });

  it('takes a look that comes late for no sign: the process had been stopped, or the main thread was busy', () => {
    expect(look(500, 1)).toBeNull();
    wall += 3_600_000;
    cpu += 30_000;
    expect(dog.look()).toBeNull();
    expect(look(20_000, 1)?.afterMs).toBe(600);
  });

  it('says once, by its own timer, what it found, and not after it was stopped', async () => {
    const patience = { wallMs: 100, cpuMs: 0 };
    const found = await new Promise<Error>((hang) => new Watchdog(machine, patience).start(hang));
    expect(found.message).toMatch(/^CPU 3: hangs/);
    const stopped = new Watchdog(machine, patience);
    stopped.start(() => expect.unreachable());
    stopped.stop();
    await new Promise<Error>((hang) => new Watchdog(machine, { wallMs: 300, cpuMs: 0 }).start(hang));
  });
});
