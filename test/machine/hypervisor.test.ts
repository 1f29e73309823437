import { describe, expect, test } from 'vitest';
import { KTIME_MAX } from '../../shared/units.ts';
import { Hypervisor, type Theft } from '../../src/machine/hypervisor.ts';

const hypervisor = (...windows: Partial<Theft>[]): Hypervisor =>
  new Hypervisor({ windows: windows.map((theft) => ({ cpu: 0, at: 100, forNs: 10, everyNs: null, ...theft })), restarts: [] }, 0);
const next = (from: Hypervisor, wanted: number): number[] => [from.begins(wanted), from.ends];

describe('a hypervisor', () => {
  test('takes the processor at the beginning of its window', () => expect(next(hypervisor({}), 0)).toEqual([100, 110]));
  test('takes what is left of a window from whoever wants to run in it', () => expect(next(hypervisor({}), 104)).toEqual([104, 110]));
  test('has nothing to take from one that does not', () => expect(next(hypervisor({}), KTIME_MAX)).toEqual([KTIME_MAX, KTIME_MAX]));
  test('has a window only once', () => expect(next(hypervisor({}), 110)).toEqual([KTIME_MAX, KTIME_MAX]));

  test.each([[0, 100], [109, 109], [110, 130], [135, 135], [140, 160], [1_000, 1_000], [1_010, 1_030]])(
    'or each period: who wants to run from %d on is robbed at %d', (wanted, begins) => {
      expect(hypervisor({ everyNs: 30 }).begins(wanted)).toBe(begins);
    },
  );

  test('takes the window that comes first', () => {
    const two = hypervisor({ at: 500 }, { at: 200, everyNs: 1_000 });
    expect([next(two, 0), next(two, 300), next(two, 600)]).toEqual([[200, 210], [500, 510], [1_200, 1_210]]);
  });

  test('leaves other CPUs alone', () => {
    const other = hypervisor({ cpu: 1 });
    expect([other.active, other.begins(0)]).toEqual([false, KTIME_MAX]);
  });

  test('begins a new record when it is told to, each time once', () => {
    const anew = new Hypervisor({ windows: [], restarts: [{ cpu: 0, at: 7 }, { cpu: 1, at: 8 }, { cpu: 0, at: 9 }] }, 0);
    const at = [anew.restartsAt];
    anew.restartDone();
    at.push(anew.restartsAt);
    anew.restartDone();
    expect([...at, anew.restartsAt]).toEqual([7, 9, KTIME_MAX]);
  });
});
