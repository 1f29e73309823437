import { beforeEach, describe, expect, it } from 'vitest';
import { Event, EVENT_ARITY, EventClass, ROW_HEAD } from '../../../shared/events.ts';
import { layOutMachine } from '../../../shared/machine-map.ts';
import { allocateShared, WasmMemory } from '../../../shared/memory/wasm-memory.ts';
import { StreamRing, WindowMode } from '../../../shared/structs/window.ts';
import { RingWriter } from '../../../shared/sync/stream-ring.ts';
import { fixedRank } from '../../../src/engine/event-order.ts';
import { controlOf, type Control } from '../../../src/engine/threads/control.ts';
import { RingMerge } from '../../../src/host/threads/ring-merge.ts';
import { Rows } from '../../support/engine.ts';

const map = layOutMachine({ cpus: 2, tasks: 2, syncObjects: 0, sharedTimers: 0 });

let control: Control;
let rows: Rows;
let merge: RingMerge;
let writers: readonly RingWriter[];
beforeEach(() => {
  control = controlOf(new WasmMemory(allocateShared(map.map.bytes)), map);
  rows = new Rows();
  merge = new RingMerge(control, fixedRank, [rows], 100);
  writers = merge.rings.map((cells, i) =>
    new RingWriter(control.memory, map.at.streamRing + i * StreamRing.bytes, new Float64Array(cells)));
});

/** An event of `cpu` at `time`, which is one record. */
function write(cpu: number, time: number): void {
  const row = [Event.event, cpu, time, time, EventClass.Step, cpu, time, -1, 0];
  expect(row).toHaveLength(ROW_HEAD + EVENT_ARITY[Event.event]!);
  writers[cpu]!.write(new Float64Array(row), row.length);
}

const times = (): number[] => rows.all.map(({ t }) => t);

describe('the merge of all rings', () => {
  it('hands on in order of time what lies before what everybody has reached, and keeps the rest', () => {
    for (const [cpu, time] of [[0, 10], [0, 30], [1, 20], [2, 25], [1, 40]] as const) write(cpu, time);
    control.window.reached = 30;
    expect(merge.drain()).toBe(true);
    expect(times()).toEqual([10, 20, 25]);
    expect([merge.records, merge.written]).toEqual([3, 5 * 9]);
  });

  it('hands on what it had taken before, when more has been reached since', () => {
    write(0, 10);
    expect(merge.drain()).toBe(true);
    expect(times()).toEqual([]);
    control.window.reached = 11;
    expect(merge.drain()).toBe(false);
    expect(times()).toEqual([10]);
  });

  it('hands on all the rest at the end, and the last records not before', () => {
    control.window.reached = 100;
    control.window.mode = WindowMode.Stop;
    write(1, 90);
    merge.drain();
    expect(times()).toEqual([]);
    write(0, 80);
    merge.finish();
    expect(times()).toEqual([80, 90]);
  });

  it('knows whether somebody waits for it to make room', () => {
    expect(merge.isFull).toBe(false);
    StreamRing.view(control.memory, map.at.streamRing + StreamRing.bytes).full = 1;
    expect(merge.isFull).toBe(true);
  });
});
