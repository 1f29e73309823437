import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TickHandler } from '../../shared/structs/cpu.ts';
import { KTIME_MAX } from '../../shared/units.ts';
import { KERNEL_VERSIONS, type KernelVersion } from '../../src/kernel/versions.ts';
import { MachineSnapshotCollector } from '../../src/observe/machine-snapshot-collector.ts';
import type { MachineSnapshot } from '../../src/observe/machine-snapshot.ts';
import { timerList } from '../../src/observe/timer-list.ts';
import { readTimerList } from '../support/recorded-timer-list.ts';
import { FACTS } from './records.ts';

const TICK_NS = 4_000_000;
/** 2^32 - 300 s at 250 Hz. */
const INITIAL_JIFFIES = 4_294_892_296;
const version = (name: string): KernelVersion => KERNEL_VERSIONS.find((v) => v.name === name)!;

/** A recording, with a handler that this machine has for the one of broadcast, which it has not. */
const recording = (name: string): string =>
  readFileSync(new URL(`recordings/${name}.timer_list`, import.meta.url), 'utf8')
    .replaceAll('tick_handle_oneshot_broadcast', 'clockevents_handle_noop');

const withoutPointers = (text: string): string => text.replaceAll(/0{8}[0-9a-f]{8}/g, 'POINTER');

const EMPTY = new MachineSnapshotCollector(FACTS).finish();

/** Our print of the machine that a recording shows. */
function again(name: string, kernel: string): string {
  const { snapshot } = readTimerList(recording(name), INITIAL_JIFFIES);
  return timerList({ ...EMPTY, ...snapshot }, version(kernel), TICK_NS);
}

describe('/proc/timer_list', () => {
  it.each([
    ['c-nohz-idle', '6.1'], ['e-lowres-nohz', '6.1'], ['a-periodic', '6.1'], ['d-nohz-full-6.12', '6.12'],
  ])('of %s is printed again to the byte, but for pointers', (name, kernel) => {
    expect(withoutPointers(again(name, kernel))).toBe(withoutPointers(recording(name)));
  });

  it.each(['6.1', '6.12', '7.0'])('has the form that Linux %s has', (name) => {
    const { version: form, getTime, nohzMode } = version(name).timerList;
    const printed = timerList(EMPTY_ONLINE, version(name), TICK_NS);
    expect(readTimerList(printed, INITIAL_JIFFIES).form).toEqual({ version: form, getTime, nohzMode });
  });

  it('counts jiffies from five minutes before the 32-bit wrap, whatever the tick is', () => {
    const cpus = EMPTY_ONLINE.cpus.map((cpu) => ({ ...cpu, tick: { ...cpu.tick, jiffies: 5 } }));
    const snapshot: MachineSnapshot = { ...EMPTY_ONLINE, cpus };
    expect(timerList(snapshot, version('6.12'), 4_000_000)).toContain('\njiffies: 4294892301\n');
    expect(timerList(snapshot, version('6.12'), 1_000_000)).toContain('\njiffies: 4294667301\n');
    expect(timerList(snapshot, version('6.12'), 10_000_000)).toContain('\njiffies: 4294937301\n');
  });

  it('gives each timer and each clock base a pointer of its own', () => {
    const pointers = [...again('c-nohz-idle', '6.1').matchAll(/base: +(\w+)/g)].map(([, pointer]) => pointer);
    expect(new Set(pointers).size).toBe(4 * 8);
  });

  it('prints an expiry on the wall clock from 1970, and its distance from CLOCK_MONOTONIC, as Linux does', () => {
    const timer = { timer: 9, function: 1, softexpires: 5_000_000_007, expires: 5_000_050_007 } as const;
    const cpus = EMPTY_ONLINE.cpus.map((cpu) => ({ ...cpu, hrtimers: { ...cpu.hrtimers, bases: [[], [timer], [], [], [], [], [], []] } }));
    const printed = timerList({ ...EMPTY_ONLINE, monotonicNs: 1_000_000_000, cpus }, version('6.12'), TICK_NS);
    expect(printed).toContain(
      ' # expires at 1767225605000000007-1767225605000050007 nsecs [in 1767225604000000007 to 1767225604000050007 nsecs]\n',
    );
  });

  it('prints "no event" as Linux does', () => {
    expect(timerList(EMPTY_ONLINE, version('6.12'), TICK_NS)).toContain('  .expires_next   : 9223372036854775807 nsecs\n');
    const device = {
      name: 'lapic', tickMode: 0, state: 1, handler: TickHandler.Noop, mult: 1, shift: 0, minDeltaNs: 1, maxDeltaNs: KTIME_MAX,
      nextEvent: KTIME_MAX, retries: 0,
    } as const;
    const printed = timerList({ ...EMPTY_ONLINE, broadcastDevice: device }, version('6.12'), TICK_NS);
    expect(printed).toContain('\n max_delta_ns:   9223372036854775807\n');
    expect(printed).toContain('\n next_event:     9223372036854775807 nsecs\n');
  });

  it('has a mask as wide as the machine', () => {
    const of = (cpus: number): string => {
      const snapshot = { ...EMPTY, cpus: Array.from({ length: cpus }, () => EMPTY.cpus[0]!) };
      return /tick_broadcast_mask: (.*)\n/.exec(timerList(snapshot, version('6.12'), TICK_NS))![1]!;
    };
    expect([1, 4, 5, 32, 36, 64].map(of)).toEqual(['0', '0', '00', '00000000', '0,00000000', '00000000,00000000']);
  });
});

const EMPTY_ONLINE: MachineSnapshot = { ...EMPTY, cpus: EMPTY.cpus.map((cpu) => ({ ...cpu, online: true })) };
