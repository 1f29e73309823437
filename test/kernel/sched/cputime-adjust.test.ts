import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cputimeAdjust } from '../../../src/kernel/sched/cputime-adjust.ts';
import { decisionsWith } from '../../../src/machine/faults.ts';
import { attributesOf, FakeMachine } from '../../support/fake-arch.ts';

interface Look { utime: number; stime: number; rtime: number }

/** The dumb twin: Linux's steps in their order, in integers without end. */
class Twin {
  utime = 0n;
  stime = 0n;
  adjust(look: Look): number[] {
    const [u, s, rtime] = [BigInt(look.utime), BigInt(look.stime), BigInt(look.rtime)];
    if (this.utime + this.stime < rtime) {
      let stime = s === 0n ? 0n : u === 0n ? rtime : (s * rtime) / (s + u);
      if (stime > rtime) stime = rtime;
      if (stime < this.stime) stime = this.stime;
      let utime = rtime - stime;
      if (utime < this.utime) {
        utime = this.utime;
        stime = rtime - utime;
      }
      this.utime = utime;
      this.stime = stime;
    }
    return [Number(this.utime), Number(this.stime)];
  }
}

function adjuster(...faults: string[]): (look: Look) => number[] {
  const machine = new FakeMachine(2, [attributesOf()], { decisions: decisionsWith(faults) });
  let turn = 0;
  return ({ utime, stime, rtime }) => machine.as(turn++ % 2, (cpu) => {
    const out = { rtime: 0, utime: 0, stime: 0, turn: 0 };
    cputimeAdjust(cpu, machine.first, utime, stime, rtime, out);
    return [out.utime, out.stime];
  });
}

const ns = fc.oneof(fc.nat(50), fc.nat(10_000_000), fc.integer({ min: 0, max: 2 ** 52 }), fc.constant(0));
const looks = fc.array(fc.record({ utime: ns, stime: ns, rtime: ns }), { maxLength: 25, size: 'max' });

describe('cputime_adjust', () => {
  test('is what Linux’s steps give, whichever CPUs ask', () => {
    fc.assert(fc.property(looks, (all) => {
      const adjust = adjuster();
      const twin = new Twin();
      for (const look of all) expect(adjust(look)).toEqual(twin.adjust(look));
    }));
  });

  test('never lets either part fall, and both make up the run time whenever that has grown past them', () => {
    fc.assert(fc.property(looks, (all) => {
      const adjust = adjuster();
      let [utime, stime] = [0, 0];
      for (const look of all) {
        const [u, s] = adjust(look) as [number, number];
        expect(u).toBeGreaterThanOrEqual(utime);
        expect(s).toBeGreaterThanOrEqual(stime);
        expect(u + s).toBe(Math.max(utime + stime, look.rtime));
        [utime, stime] = [u, s];
      }
    }));
  });

  test('scales by the ratio of the two', () => expect(adjuster()({ utime: 300, stime: 100, rtime: 1_000 })).toEqual([750, 250]));
  test('gives all to user mode without a sample in the kernel', () => {
    expect(adjuster()({ utime: 0, stime: 0, rtime: 70 })).toEqual([70, 0]);
  });
  test('gives all to the kernel without a sample in user mode', () => {
    expect(adjuster()({ utime: 0, stime: 1, rtime: 70 })).toEqual([0, 70]);
  });

  test('holds system time first where both would fall, then user time', () => {
    const adjust = adjuster();
    adjust({ utime: 100, stime: 100, rtime: 200 });
    // a ratio of 9 to 1 would take system time back to 21
    expect(adjust({ utime: 900, stime: 100, rtime: 210 })).toEqual([110, 100]);
    // one of 1 to 9 would take user time back to 22
    expect(adjust({ utime: 100, stime: 900, rtime: 220 })).toEqual([110, 110]);
  });

  test('gives what it gave last to whoever comes with an older run time', () => {
    const adjust = adjuster();
    adjust({ utime: 30, stime: 10, rtime: 1_000 });
    expect(adjust({ utime: 10, stime: 30, rtime: 900 })).toEqual([750, 250]);
  });
});

describe('a historic cputime_adjust', () => {
  /** First all in user mode, then a sample in the kernel. */
  const TURN: readonly Look[] = [{ utime: 100, stime: 0, rtime: 190 }, { utime: 100, stime: 100, rtime: 200 }];
  const play = (fault: string, looks = TURN): number[] => looks.map(adjuster(fault)).at(-1)!;

  test('without a memory lets user time fall', () => expect(play('B-11')).toEqual([100, 100]));
  test('whose parts grow apart shows more than has run', () => expect(play('B-12')).toEqual([190, 100]));

  test('in 64 and 32 bits is right while times are short, and absurd when they are not', () => {
    const short = { utime: 3_000_000_000, stime: 1_000_000_000, rtime: 4_000_000_000 };
    expect(play('B-13', [short])).toEqual([3_000_000_000, 1_000_000_000]);
    const long = { utime: 3_500_000_000, stime: 1_000_000_000, rtime: 4_500_000_000 };
    const [utime, stime] = play('B-13', [long]) as [number, number];
    expect(stime).toBe(Math.floor(4.5e18 / (4_500_000_000 - 2 ** 32)));
    expect(utime).toBe(2 ** 53 + long.rtime - stime);
    expect(adjuster()(long)).toEqual([3_500_000_000, 1_000_000_000]);
  });
});
