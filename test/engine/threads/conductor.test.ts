/** The conductor alone: the test plays the machine, which parks where its limit lets it come. */
import { beforeEach, describe, expect, it } from 'vitest';
import { layOutMachine } from '../../../shared/machine-map.ts';
import { allocateShared, WasmMemory } from '../../../shared/memory/wasm-memory.ts';
import { KTIME_MAX, type Ns } from '../../../shared/units.ts';
import { END_CHECK_NS } from '../../../src/engine/end-check.ts';
import type { EndReason } from '../../../src/engine/run.ts';
import { Conductor, type ConductorParts } from '../../../src/engine/threads/conductor.ts';
import { controlOf, prepareControl, type Control } from '../../../src/engine/threads/control.ts';

const map = layOutMachine({ cpus: 2, tasks: 2, syncObjects: 0, sharedTimers: 0 });
const END = 1_000_000_000;

let control: Control;
let conductor: Conductor;
let member: { stopped: boolean };
/** Limits that let the machine go on. */
let limits: Ns[];
let ends: Ns[];
let reason: EndReason | undefined;

beforeEach(() => {
  control = controlOf(new WasmMemory(allocateShared(map.map.bytes)), map);
  prepareControl(control, 0);
  [member, limits, ends, reason] = [{ stopped: false }, [], [], undefined];
  const windows = {
    limitMoved: () => {
      limits.push(control.window.limit);
      control.window.parked = 0;
    },
    stop: (end: Ns) => {
      ends.push(end);
      control.window.parked = 0;
      member.stopped = true;
    },
  };
  const endCheck = { reason: () => reason, stuckTasks: () => [] };
  conductor = new Conductor({ control, member, windows, endCheck, endNs: END } as unknown as ConductorParts);
});

/** The machine parks: of each participant the start of its last event (-1: none) and of its next one. */
function park(...standings: readonly (readonly [last: Ns, next: Ns])[]): void {
  standings.forEach(([last, next], id) => {
    control.standings[id]!.lastStart = last;
    control.standings[id]!.nextTime = next;
  });
  control.window.parked = 1;
  conductor['decide']();
}

/** Up, and standing at the beginning. */
const boot = (): void => park([-1, 0], [-1, KTIME_MAX], [-1, KTIME_MAX]);

/** What has been answered by now; `undefined` for what has not. */
async function answers<T>(...asked: readonly Promise<T>[]): Promise<(T | undefined)[]> {
  await new Promise((turn) => setImmediate(turn));
  return Promise.all(asked.map((one) => Promise.race([one, Promise.resolve(undefined)])));
}

describe('a machine under its conductor', () => {
  it('stands at the beginning until it is started, then goes to the next end check', () => {
    boot();
    expect(limits).toEqual([]);
    conductor.start();
    park([49_000_000, 51_000_000], [-1, KTIME_MAX]);
    expect(limits).toEqual([END_CHECK_NS, 2 * END_CHECK_NS]);
    expect(() => conductor.snapshot()).toThrow('pause it first');
  });

  it('is paused at once where nobody is ahead of another', async () => {
    boot();
    conductor.start();
    const pause = conductor.pause();
    expect(control.window.limit).toBe(0);
    expect(await answers(pause)).toEqual([undefined]);
    park([90, 150], [140, 180]);
    expect(await answers(pause, conductor.pause())).toEqual([150, 150]);
    const { simulatedNs, participants } = conductor.snapshot();
    expect([simulatedNs, ...participants.map(({ nextNs }) => nextNs)]).toEqual([150, 150, 180, KTIME_MAX]);
  });

  it('is paused where all have come to the end of what somebody has begun', async () => {
    boot();
    conductor.start();
    const pause = conductor.pause();
    // participant 1 has done an event at 170, participant 0 has one at 150 still to do
    park([90, 150], [170, 400]);
    expect([limits.at(-1), await answers(pause)]).toEqual([171, [undefined]]);
    park([160, 300], [170, 400]);
    expect(await answers(pause)).toEqual([171]);
  });

  it('steps through one instant, or so much time from where it stands, whatever comes after', async () => {
    boot();
    const first = conductor.step();
    expect(limits.at(-1)).toBe(1);
    park([0, 21_000]);
    const second = conductor.step(500);
    expect([limits.at(-1), await answers(first)]).toEqual([501, [1]]);
    park([0, 21_000]);
    const third = conductor.step();
    expect([limits.at(-1), await answers(second)]).toEqual([21_001, [501]]);
    park([21_000, 30_000]);
    expect(await answers(third)).toEqual([21_001]);
  });

  it('reckons with a message that its receiver has not seen, but not before its receiver is free', () => {
    boot();
    control.standings[1]!.announced = 700;
    control.standings[1]!.now = 900;
    park([-1, 2_000]);
    void conductor.step();
    expect(limits.at(-1)).toBe(901);
  });

  it('answers what the next question overtakes with where it is', async () => {
    boot();
    const step = conductor.step(1_000_000);
    control.window.reached = 77;
    conductor.start();
    expect(await answers(step)).toEqual([77]);
    park([80, 120]);
    const [long, pause] = [conductor.step(1_000_000), conductor.pause()];
    park([200, 320]);
    expect(await answers(long, pause)).toEqual([320, 320]);
  });

  it('ends where it is when it is stopped, and is not started again', async () => {
    boot();
    conductor.start();
    const stop = conductor.stop();
    conductor.start();
    expect(control.window.limit).toBe(0);
    park([90, 150], [170, 400]);
    expect([limits.at(-1), ends]).toEqual([171, []]);
    park([160, 300], [170, 400]);
    expect(ends).toEqual([170]);
    await conductor.conduct(async () => {});
    const ending = { reason: 'interrupted', endNs: 170, stuckTasks: [] };
    expect(await answers(stop, conductor.stop())).toEqual([ending, ending]);
  });

  it('ends while it stands, before its first event too', () => {
    boot();
    void conductor.stop();
    park([-1, 0]);
    expect(ends).toEqual([0]);
  });

  it('ends at its limit, or when nothing is left to do, and answers at once from then on', async () => {
    boot();
    const step = conductor.step(2 * END);
    park([999_999_999, END]);
    expect([ends, await answers(step, conductor.pause(), conductor.step())]).toEqual([[END], [END, END, END]]);
    expect(conductor.snapshot().simulatedNs).toBe(END);
  });

  it('asks at each end check whether anything can still happen', async () => {
    boot();
    conductor.start();
    reason = 'all tasks ended';
    park([49_000_000, 51_000_000]);
    await conductor.conduct(async () => {});
    expect(await conductor.stop()).toEqual({ reason: 'all tasks ended', endNs: 49_000_000, stuckTasks: [] });
  });
});
