import { describe, expect, it } from 'vitest';
import { Printk, PRINTK } from '../../shared/printk.ts';
import { ClockEventName } from '../../shared/structs/cpu.ts';
import { ClocksourceId } from '../../shared/structs/timekeeper.ts';
import { dmesg, KernelLogCollector } from '../../src/observe/kernel-log.ts';
import { printkText } from '../../src/observe/printk-text.ts';
import { play, row } from './records.ts';

describe('the kernel’s log', () => {
  it('looks as dmesg shows it', () => {
    const { lines } = play(new KernelLogCollector(), [
      row('printk', 0, 4_000_999, { line: Printk.switchedToClocksource, a: ClocksourceId.Tsc }),
      row('cpu_idle', 1, 4_000_999, { state: 1, cpu_id: 1 }),
      row('printk', 1, 12_345_678_901_234, { line: Printk.noHighRes, a: 1 }),
    ]);
    expect(dmesg(lines)).toBe(
      '[    0.004000] clocksource: Switched to clocksource tsc\n[12345.678901] Could not switch to high resolution mode on CPU 1\n',
    );
    expect(lines.map(({ cpu, level }) => [cpu, level])).toEqual([[0, 6], [1, 4]]);
  });

  it('names clock sources and devices as Linux does', () => {
    expect(printkText(Printk.noOneShotDevice, ClockEventName.lapic, 0))
      .toBe('Clockevents: could not switch to one-shot mode: lapic is not functional.');
    for (const id of Object.values(ClocksourceId)) expect(printkText(Printk.switchedToClocksource, id, 0)).not.toContain('clock source');
    for (const id of Object.values(ClockEventName)) expect(printkText(Printk.noOneShotDevice, id, 0)).not.toContain('device ');
  });

  it('has no placeholder left in any line, and a level for each', () => {
    PRINTK.forEach(({ level, format }, line) => {
      expect(printkText(line, 1, 2)).not.toMatch(/[{}]/);
      expect(format.match(/\{/g)?.length ?? 0).toBe(format.match(/\{[01](:source|:device|:hex)?\}/g)?.length ?? 0);
      expect([3, 4, 5, 6]).toContain(level);
    });
  });

  it('tells a line of another version by its number', () => {
    expect(printkText(PRINTK.length, 7, 8)).toBe(`line ${PRINTK.length} of another version: 7, 8`);
  });
});
