/** What the toy kernel's CPUs share. */
import { MemoryMap } from '../../../shared/memory/memory-map.ts';
import { anyWriter, long, seqcount, struct, word } from '../../../shared/memory/struct.ts';
import type { Ns } from '../../../shared/units.ts';

export const ToyCpu = struct('toy_cpu', {
  irqsDisabled: word('1 while interrupts are masked'),
  inbox: anyWriter(word('newest call, 0 when empty')),
  pc: word('next operation of the program'),
  waitsFor: word('call whose answer the CPU awaits, 0 for none'),
  resume: word('where it goes on then (a `Resume`)'),
  ticks: long('timer interrupts taken'),
}, { writer: 'owning cpu' });

export const ToyCall = struct('toy_call', {
  next: word('older call of the same inbox'),
  from: word('who calls'),
  func: word('what to run (an index of FUNCTIONS)'),
  arg: word('its argument'),
  result: word('what it returned'),
}, { writer: 'any cpu' });

export const Acct = struct('acct', {
  seq: seqcount('odd while the CPU writes'),
  utime: long<Ns>('user time up to start'),
  start: long<Ns>('instant of the last flush'),
}, { writer: 'owning cpu', seqcount: 'seq' });

export function toyMap(cpus: number): { map: MemoryMap; at: { cpu: number; call: number; acct: number } } {
  const map = new MemoryMap();
  const own = (index: number) => index;
  const at = { cpu: map.place(ToyCpu, cpus, own), call: map.place(ToyCall, cpus), acct: map.place(Acct, cpus, own) };
  return { map, at };
}
