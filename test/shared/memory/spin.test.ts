/** What a thread does while it waits for somebody else's section. */
import { describe, expect, it } from 'vitest';
import { Spin, SpinHang } from '../../../shared/memory/spin.ts';

const never = () => new Int32Array(new SharedArrayBuffer(4));

describe('a wait for another CPU’s section', () => {
  it('sees to errands now and then, since who holds a lock may wait for a slot of ours', () => {
    const spin = new Spin(never());
    let errands = 0;
    spin.errand = () => { errands += 1; };
    for (let i = 0; i < 4_096; i++) spin.turn();
    expect(errands).toBe(4);
  });

  it('is called a hang after more turns than any section lasts, counted from the last reset', () => {
    const spin = new Spin(never(), 1 << 15);
    for (let i = 1; i < 1 << 15; i++) spin.turn();
    spin.reset();
    for (let i = 1; i < 1 << 15; i++) spin.turn();
    expect(() => spin.turn()).toThrow(SpinHang);
  });
});
