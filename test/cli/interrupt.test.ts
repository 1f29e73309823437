import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { listenForInterrupt } from '../../src/cli/interrupt.ts';

class FakeProcess extends EventEmitter {
  readonly pid = 42;
  readonly killed: (readonly [number, string])[] = [];
  kill(pid: number, signal: string): void {
    this.killed.push([pid, signal]);
  }
}

it.each(['SIGINT', 'SIGTERM'])('the first %s asks to stop, the second one kills', (name) => {
  const source = new FakeProcess();
  let heard = 0;
  const interrupt = listenForInterrupt(source, () => { heard += 1; });
  expect(interrupt.signal.aborted).toBe(false);
  source.emit(name, name);
  expect([interrupt.signal.aborted, heard, source.killed]).toEqual([true, 1, []]);
  source.emit(name, name);
  expect([heard, source.killed]).toEqual([1, [[42, name]]]);
  expect(source.listenerCount(name), 'the kill must find nobody who listens').toBe(0);
});

it('signals do what they always do once nobody listens', () => {
  const source = new FakeProcess();
  const interrupt = listenForInterrupt(source, () => {});
  interrupt.stopListening();
  source.emit('SIGINT', 'SIGINT');
  expect(interrupt.signal.aborted).toBe(false);
  expect(source.eventNames()).toEqual([]);
});
