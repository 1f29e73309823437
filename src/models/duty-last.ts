/**
 * Two CPUs drop the do_timer duty as they stop their ticks, and take it as they tick (`tick-sched-stop.ts`, `jiffies.ts`): when
 * both sleep and nobody has it, at least one of them knows that it had it last, and so does not sleep for ever.
 */
import { TickFlag, TickSched } from '../../shared/structs/cpu.ts';
import { JiffiesPage, TICK_DO_TIMER_NONE } from '../../shared/structs/global.ts';
import { ClocksourceId, ShadowTimekeeper } from '../../shared/structs/timekeeper.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import { model, type Model } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import type { KernelCpu } from '../kernel/kernel-cpu.ts';
import { tickSchedDoTimer } from '../kernel/time/jiffies.ts';
import { dropDuty } from '../kernel/time/tick-sched-stop.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { modelCpu } from './model-arch.ts';

const { map, plan } = machineCells();
const TICK: Ns = 4_000_000;
const DUTY = map.at.jiffies + JiffiesPage.at.tickDoTimerCpu;
const flagsOf = (cpu: CpuId): number => map.at.tickSched + cpu * TickSched.bytes + TickSched.at.flags;

type Drop = (cpu: KernelCpu) => void;

/** Whoever finds that nobody has the duty believes that somebody else had it last. */
const forgetful: Drop = (cpu) => {
  const had = (cpu.tick.flags & TickFlag.DoTimerLast) !== 0;
  dropDuty(cpu);
  if (had && cpu.image.jiffies.tickDoTimerCpu === TICK_DO_TIMER_NONE) cpu.tick.flags &= ~TickFlag.DoTimerLast;
};

/** Whoever gives the duty up forgets at once that it had it. */
const silent: Drop = (cpu) => {
  dropDuty(cpu);
  cpu.tick.flags &= ~TickFlag.DoTimerLast;
};

/** A CPU ticks, and stops its tick, and an interrupt has it look again. */
function tickAndStop(memory: Memory, id: CpuId, drop: Drop): void {
  const { cpu, arch } = modelCpu(memory, id, { map, tickNs: TICK });
  arch.clock = TICK;
  tickSchedDoTimer(cpu, arch.clock);
  drop(cpu);
  drop(cpu);
}

function duty(name: string, drop: Drop = dropDuty): Model {
  return model({
    name,
    cells: plan,
    choices: { duty: [0, 1, TICK_DO_TIMER_NONE] },
    setUp: (memory, { duty: owner }) => {
      const page = JiffiesPage.view(memory, map.at.jiffies);
      page.tickNextPeriod = 10 * TICK;
      page.tickDoTimerCpu = owner as CpuId;
      // CPU 0 had it last, if nobody has it
      if (owner === TICK_DO_TIMER_NONE) memory.store(flagsOf(0), TickFlag.DoTimerLast);
      const timekeeper = ShadowTimekeeper.view(memory, map.at.shadowTimekeeper);
      timekeeper.clocksource = ClocksourceId.Tsc;
      timekeeper.cycleInterval = 100 * TICK;
    },
    threads: [0, 1].map((id) => ({ name: `CPU${id}`, run: (memory: Memory) => tickAndStop(memory, id, drop) })),
    check: ({ memory }) => {
      const owner = memory.load(DUTY);
      if (owner !== TICK_DO_TIMER_NONE) return `both have stopped, and CPU ${owner} has the duty`;
      const last = [0, 1].filter((cpu) => (memory.load(flagsOf(cpu)) & TickFlag.DoTimerLast) !== 0);
      return last.length > 0 ? undefined : 'nobody has the duty, and nobody knows that he had it last';
    },
  });
}

export const DUTY_LAST: Catalogued = {
  id: 'duty-last',
  says: 'Two CPUs take the do_timer duty as they tick and drop it as they stop, whoever had it: one of them bounds its sleep.',
  model: duty('duty-last'),
  mutants: [
    { id: 'forgets-if-none', says: 'who stops while nobody has the duty forgets that he had it last', model: duty('duty-last', forgetful) },
    { id: 'keeps-no-mark', says: 'who drops the duty does not mark that he had it', model: duty('duty-last', silent) },
  ],
  quick: exhaustive,
};
