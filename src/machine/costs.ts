/**
 * How long each stretch of kernel code takes, in simulated ns: the only place where such numbers
 * stand. They are plausible for a machine of today, not measured; a scenario may override each, and
 * says itself how long a message is on its way.
 */
import { Path } from '../kernel/arch.ts';
import type { Ns } from '../../shared/units.ts';

export type PathName = keyof typeof Path;

const DEFAULT_COSTS: Readonly<Record<PathName, Ns>> = {
  IrqEntry: 120,
  IrqExit: 80,
  Tick: 350,
  HrtimerExpire: 60,
  ProgramEvent: 80,
  SyscallEntry: 40,
  SyscallExit: 40,
  Syscall: 120,
  ContextSwitch: 600,
  WakeUp: 250,
  SendIpi: 150,
  Softirq: 200,
  ReadCputime: 180,
  Fork: 15_000,
  UserGap: 100,
  BringUp: 20_000,
  TimerExpire: 60,
  IdleCall: 150,
  TickRestart: 150,
  MultiCpuStop: 200,
  ReadHpet: 600,
  ReadAcpiPm: 1_100,
  Signal: 1_200,
  GuestEntry: 900,
  TaskWork: 500,
};

/** Costs by `Path`, overrides applied. A path takes at least 1 ns, so that time moves on every edge. */
export function costTable(overrides: Readonly<Record<string, Ns>>): Float64Array {
  const table = new Float64Array(Object.keys(Path).length);
  for (const [name, path] of Object.entries(Path)) {
    table[path] = Math.max(1, overrides[name] ?? DEFAULT_COSTS[name as PathName]);
  }
  return table;
}
