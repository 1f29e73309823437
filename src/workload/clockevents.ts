/** The clock event devices of a scenario's machine. */
import type { ClockeventsConfig } from '../kernel/config.ts';
import { DEFAULT_MACHINE } from './defaults.ts';
import type { DynticksBlock } from './dynticks-block.ts';
import { nodeAt, type JsonNode } from './rtapp/document.ts';
import type { Source } from './rtapp/source.ts';

type ClockeventsBlock = NonNullable<NonNullable<DynticksBlock['machine']>['clockevents']>;

/** Throws BadInput where nothing would ever tick. */
export function clockeventsOf(source: Source, block: JsonNode | null, asked: ClockeventsBlock = {}): ClockeventsConfig {
  const otherwise = DEFAULT_MACHINE.clockevents;
  const local = asked.local ?? otherwise.local;
  const refuse = (key: string, found: string, expected: string): never => {
    throw source.bad(nodeAt(block!, ['machine', 'clockevents', key]).at, `dynticks.machine.clockevents.${key}`, found, expected);
  };
  const global = asked.global ?? (local === 'arch_sys_timer' ? [] : otherwise.global);
  if (local === 'dummy' && global.length === 0) refuse('global', 'no device', 'a device, since those of the CPUs are dummies');
  if (new Set(global).size < global.length) refuse('global', 'one device twice', 'each device once');
  const oneshot = asked.oneshot ?? otherwise.oneshot;
  if (!oneshot && (local === 'lapic-deadline' || local === 'arch_sys_timer')) refuse('oneshot', 'false', `true: ${local} knows no period`);
  return {
    local, oneshot, global,
    // a PC's may stop in deep idle states; Arm's has a stand-in only where it says so
    alwaysOn: asked.alwaysOn ?? local === 'arch_sys_timer',
    hpetHz: asked.hpet ?? otherwise.hpetHz,
  };
}
