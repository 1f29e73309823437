import { expect, it } from 'vitest';
import { awaitTurn, giveTurn } from '../../../src/engine/threads/hand-off.ts';
import { describeEachMemory } from '../../support/each-memory.ts';

const AT = 64;

describeEachMemory('a turn handed over', (make) => {
  it('comes at once when it has been given', () => {
    const memory = make(128);
    memory.wait = () => expect.unreachable('sleeps');
    memory.notify = () => expect.unreachable('wakes nobody');
    giveTurn(memory, AT, 5);
    expect(awaitTurn(memory, AT, 0, 0)).toBe(5);
    expect(awaitTurn(memory, AT, 4, 10)).toBe(5);
  });

  it('is looked for as often as asked, and then slept for', () => {
    const memory = make(128);
    const [load, cas] = [memory.load.bind(memory), memory.cas.bind(memory)];
    const steps: string[] = [];
    memory.load = (at) => {
      steps.push('look');
      return load(at);
    };
    memory.cas = (at, expected, value) => {
      steps.push('asleep');
      return cas(at, expected, value);
    };
    memory.notify = () => steps.push('wake');
    memory.wait = (at, _expected, timeoutMs) => {
      steps.push(`sleep ${timeoutMs}`);
      giveTurn(memory, at, 1);
      return 'ok';
    };
    expect(awaitTurn(memory, AT, 0, 3)).toBe(1);
    const looks = steps.filter((step) => step === 'look').length;
    expect(steps.slice(0, 3)).toEqual(['look', 'look', 'look']);
    expect(steps.filter((step) => step !== 'look')).toEqual(['asleep', 'sleep Infinity', 'wake']);
    expect(looks).toBeGreaterThan(3);
  });

  it('is waited for again by a sleeper who was woken without a cause', () => {
    const memory = make(128);
    let sleeps = 0;
    memory.notify = () => 1;
    memory.wait = (at, expected) => {
      expect(memory.load(at)).toBe(expected);
      if (++sleeps === 3) giveTurn(memory, at, 8);
      return 'ok';
    };
    giveTurn(memory, AT, 7);
    expect(awaitTurn(memory, AT, 7, 0)).toBe(8);
    expect(sleeps).toBe(3);
  });

  it('that comes just before the waiter says that it sleeps keeps it awake, and wakes nobody', () => {
    const memory = make(128);
    const cas = memory.cas.bind(memory);
    memory.notify = () => expect.unreachable('wakes nobody');
    memory.wait = () => expect.unreachable('sleeps');
    memory.cas = (at, expected, value) => {
      giveTurn(memory, at, 1);
      return cas(at, expected, value);
    };
    expect(awaitTurn(memory, AT, 0, 0)).toBe(1);
    expect(memory.load(AT)).toBe(1);
  });
});
