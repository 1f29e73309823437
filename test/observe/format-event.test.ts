import { describe, expect, it } from 'vitest';
import { EVENTS, Mode } from '../../shared/events.ts';
import { LockClass } from '../../shared/lock-order.ts';
import { Printk } from '../../shared/printk.ts';
import { KTIME_MAX } from '../../shared/units.ts';
import { formatEvent, formatNamedEvent, formatSeconds, formatTask } from '../../src/observe/format-event.ts';
import { FACTS, row, type Row } from './records.ts';

const text = ({ id, cpu, t, fields }: Row): string => formatEvent(FACTS, id, cpu, t, fields);

describe('formatEvent', () => {
  it('names tasks, codes and fields', () => {
    expect(text(row('sched_switch', 1, 4_000_000_123, { prev: 1, prev_prio: 120, next: 2, next_prio: 120 })))
      .toBe('    4.000000123 [001] sched_switch: prev=swapper/1-0 prev_prio=120 prev_state=R next=thread0-0-1000 next_prio=120');
    expect(text(row('context', 0, 0, { mode: Mode.Softirq, task: 2 })))
      .toBe('    0.000000000 [000] context: mode=Softirq task=thread0-0-1000');
    expect(text(row('lock_acquire', 0, 5, { lock: LockClass.Jiffies, instance: 0 }))).toContain('lock=Jiffies instance=0');
  });

  it('says where the coordinator spoke', () => {
    expect(text(row('event', FACTS.cpus, 0))).toContain(' [dev] event: ');
  });

  it('prints no event as Linux prints it', () => {
    expect(text(row('clockevents_program_event', 0, 1, { device: 1, expires: KTIME_MAX })))
      .toBe('    0.000000001 [000] clockevents_program_event: device=Lapic expires=9223372036854775807 force=0 result=0 ' +
        'next_event=0 ticks=0');
  });

  it('shows a code that has no word, a task that nobody knows and an unknown event by number', () => {
    expect(text(row('context', 0, 0, { mode: 99, task: 77 }))).toContain('mode=99 task=task 77');
    expect(formatTask(FACTS, -1)).toBe('none');
    expect(formatEvent(FACTS, EVENTS.length, 0, 0, [])).toContain(`event ${EVENTS.length} of another version`);
  });

  it('prints every event with each of its fields', () => {
    for (const { name, fields } of EVENTS) {
      const line = text(row(name as Parameters<typeof row>[0], 0, 1));
      for (const field of fields) expect(line).toContain(` ${field.name}=`);
      expect(line).not.toContain('undefined');
    }
  });

  it('puts a set of bits into words', () => {
    expect(text(row('hrtimer_start', 0, 1, { mode: 11 }))).toContain(' mode=REL|PINNED|HARD ');
    expect(text(row('hrtimer_start', 0, 1, {}))).toContain(' mode=ABS ');
    expect(text(row('idle_sleep', 0, 1, { flags: 0x33 }))).toMatch(/ flags=Inidle\|Stopped\|Nohz\|Highres$/);
    expect(text(row('idle_sleep', 0, 1, {}))).toMatch(/ flags=0$/);
  });

  it('adds the words of a line of the kernel’s log', () => {
    expect(text(row('printk', 0, 1, { line: Printk.noHighRes, a: 3 })))
      .toBe('    0.000000001 [000] printk: line=noHighRes a=3 b=0: Could not switch to high resolution mode on CPU 3');
  });

  it('reads named fields, as a witness has them, the same way', () => {
    const named = { task: 2, prio: 120, target_cpu: 1 };
    expect(formatNamedEvent(FACTS, 'sched_wakeup', 0, 7, named)).toBe(text(row('sched_wakeup', 0, 7, named)));
  });

  it('keeps all nine digits up to the longest run', () => {
    expect(formatSeconds(2 ** 53 - 2)).toBe('9007199.254740990');
    expect(formatSeconds(1)).toBe('0.000000001');
  });
});
