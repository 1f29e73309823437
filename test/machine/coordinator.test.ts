import { beforeEach, describe, expect, test } from 'vitest';
import { EVENT_ARITY, Event, EventClass, ROW_HEAD } from '../../shared/events.ts';
import { sendCsd, takeAll } from '../../shared/sync/call-queue.ts';
import { MessageKind } from '../../shared/structs/cpu.ts';
import { KTIME_MAX, type Ns } from '../../shared/units.ts';
import { deviceCommand, DeviceMode } from '../../src/kernel/arch.ts';
import { DeviceId } from '../../src/kernel/time/clockevents.ts';
import { Coordinator } from '../../src/machine/coordinator.ts';
import type { Board } from '../../src/machine/participant.ts';
import { KernelImage } from '../../src/kernel/image.ts';
import { IPI_DELAY, newBoard } from '../support/board.ts';
import { FAKE_CONFIG } from '../support/fake-arch.ts';

const CPUS = 2;
let board: Board;
let coordinator: Coordinator;
let asked: number;

beforeEach(() => {
  ({ board } = newBoard(CPUS));
  coordinator = new Coordinator(CPUS, board, 1_000_000_000, new KernelImage(board.memory, board.map), FAKE_CONFIG);
  asked = 0;
});

/** A CPU's message arrives at `due`. */
function ask(due: Ns, mode: DeviceMode, ns: Ns): void {
  const command = deviceCommand(DeviceId.Hpet, mode);
  sendCsd(board.memory, board.map, 0, CPUS, MessageKind.ProgramDevice, command, ns, due, asked++, 0, () => undefined);
  coordinator.takeMessages();
  coordinator.plan();
  coordinator.run();
}
/** When CPU 0 was interrupted, over the next events of the coordinator. */
function interrupts(count: number): Ns[] {
  const dues: Ns[] = [];
  for (let i = 0; i < count && coordinator.next.time < KTIME_MAX; i++) {
    coordinator.run();
    takeAll(board.memory, board.map, 0, (kind, origin, _a, _b, due) => {
      expect([kind, origin]).toEqual([MessageKind.DeviceIrq, CPUS]);
      dues.push(due);
    });
  }
  return dues;
}

describe('the coordinator', () => {
  test('has nothing to do before anybody asks', () => {
    coordinator.plan();
    expect(coordinator.next.time).toBe(KTIME_MAX);
  });

  test('is quiet until its next event, which others always notice', () => {
    ask(1_000, DeviceMode.Oneshot, 30_000);
    expect([coordinator.quietUntil(), coordinator.nextIsOrdered()]).toEqual([31_000, true]);
  });

  test('interrupts the boot CPU once after a one-shot event, one message’s way later', () => {
    ask(1_000, DeviceMode.Oneshot, 30_000);
    expect([coordinator.next.time, coordinator.next.class, coordinator.next.origin]).toEqual([31_000, EventClass.Device, CPUS]);
    expect(interrupts(5)).toEqual([31_000 + IPI_DELAY]);
  });

  test('interrupts it again and again in periodic mode, on one grid', () => {
    ask(1_000, DeviceMode.Periodic, 4_000_000);
    expect(interrupts(3)).toEqual([4_001_000, 8_001_000, 12_001_000].map((due) => due + IPI_DELAY));
  });

  test('says of each message since when it had nothing else to do', () => {
    ask(1_000, DeviceMode.Oneshot, 30_000);
    coordinator.run();
    const command = deviceCommand(DeviceId.Hpet, DeviceMode.Shutdown);
    sendCsd(board.memory, board.map, 0, CPUS, MessageKind.ProgramDevice, command, 0, 40_000, asked++, 0, () => undefined);
    coordinator.takeMessages();
    coordinator.plan();
    coordinator.run();
    const { rows, length } = coordinator.stream;
    const [start, since] = [rows[length - (ROW_HEAD + EVENT_ARITY[Event.csd_function_entry]!) + 2], rows[length - 1]];
    expect([start, since]).toEqual([40_000, 31_000]);
  });

  test('falls silent when the device is shut down', () => {
    ask(1_000, DeviceMode.Periodic, 4_000_000);
    ask(5_000, DeviceMode.Shutdown, 0);
    expect(interrupts(3)).toEqual([]);
  });

  test('forgets the period when a one-shot event takes its place', () => {
    ask(1_000, DeviceMode.Periodic, 4_000_000);
    ask(5_000, DeviceMode.Oneshot, 100);
    expect(interrupts(3)).toEqual([5_100 + IPI_DELAY]);
  });

  test('names the asking event as what caused the interrupt', () => {
    ask(1_000, DeviceMode.Oneshot, 30_000);
    expect([coordinator.next.causeOrigin, coordinator.next.causeN]).toEqual([CPUS, 0]);
  });

  test('has two devices, each with its own frequency, that do not disturb each other', () => {
    const both = [DeviceId.Pit, DeviceId.Hpet].map((id, i) => [deviceCommand(id, DeviceMode.Oneshot), 1_000 + i] as const);
    for (const [command, due] of both) {
      sendCsd(board.memory, board.map, 0, CPUS, MessageKind.ProgramDevice, command, 1_193, due, asked++, 0, () => undefined);
      coordinator.takeMessages();
      coordinator.plan();
      coordinator.run();
    }
    const fired: [number, Ns][] = [];
    while (coordinator.next.time < KTIME_MAX) {
      coordinator.run();
      takeAll(board.memory, board.map, 0, (_kind, _origin, device, _b, due) => fired.push([device, due - IPI_DELAY]));
    }
    // a PIT of 1,193,182 Hz needs 1 ms for what an HPET of 1 GHz has in 1,193 ns
    expect(fired).toEqual([[DeviceId.Hpet, 1_001 + 1_193], [DeviceId.Pit, 1_000 + 999_848]]);
  });
});
