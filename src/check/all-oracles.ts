/** The catalogue: every oracle there is, in the order in which verdicts are printed. */
import type { RunFacts } from '../../shared/event-consumer.ts';
import type { Oracle, OracleDescription } from './oracle.ts';
import { AdjustedFresh } from './oracles/adjusted-fresh.ts';
import { AdjustedMonotonic } from './oracles/adjusted-monotonic.ts';
import { AdjustedSum } from './oracles/adjusted-sum.ts';
import { BootInstant } from './oracles/boot-instant.ts';
import { CallRecords } from './oracles/call-records.ts';
import { CallsWithIrqsOn } from './oracles/calls-with-irqs-on.ts';
import { ClockCoarse } from './oracles/clock-coarse.ts';
import { ClockDrift } from './oracles/clock-drift.ts';
import { ClockFast } from './oracles/clock-fast.ts';
import { ClockGap } from './oracles/clock-gap.ts';
import { ClockJump } from './oracles/clock-jump.ts';
import { ClockMonotonic } from './oracles/clock-monotonic.ts';
import { ClockNormal } from './oracles/clock-normal.ts';
import { ClockOffsets } from './oracles/clock-offsets.ts';
import { ClockShadow } from './oracles/clock-shadow.ts';
import { ClockSteps } from './oracles/clock-steps.ts';
import { ClocksourceBest } from './oracles/clocksource-best.ts';
import { ClocksourceHres } from './oracles/clocksource-hres.ts';
import { ClocksourceRated } from './oracles/clocksource-rated.ts';
import { ClocksourceVerdict } from './oracles/clocksource-verdict.ts';
import { CpuConservation } from './oracles/cpu-conservation.ts';
import { CpuExact } from './oracles/cpu-exact.ts';
import { CputimeExact } from './oracles/cputime-exact.ts';
import { CputimeSplit } from './oracles/cputime-split.ts';
import { CputimerEarly } from './oracles/cputimer-early.ts';
import { CputimerLate } from './oracles/cputimer-late.ts';
import { CputimePossible } from './oracles/cputime-possible.ts';
import { DutyLimit } from './oracles/duty-limit.ts';
import { DeviceDelivers } from './oracles/device-delivers.ts';
import { DeviceStates } from './oracles/device-states.ts';
import { DeviceTicks } from './oracles/device-ticks.ts';
import { DutyOwner } from './oracles/duty-owner.ts';
import { ForcedEvent } from './oracles/forced-event.ts';
import { GroupSums } from './oracles/group-sums.ts';
import { GuestColumns } from './oracles/guest-columns.ts';
import { GuestTime } from './oracles/guest-time.ts';
import { HrtimerArmed } from './oracles/hrtimer-armed.ts';
import { HrtimerCancelled } from './oracles/hrtimer-cancelled.ts';
import { HrtimerClocks } from './oracles/hrtimer-clocks.ts';
import { HrtimerEarly } from './oracles/hrtimer-early.ts';
import { HrtimerForgotten } from './oracles/hrtimer-forgotten.ts';
import { HrtimerOrder } from './oracles/hrtimer-order.ts';
import { HrtimerRestart } from './oracles/hrtimer-restart.ts';
import { HrtimerSoftirq } from './oracles/hrtimer-softirq.ts';
import { IdleCounts } from './oracles/idle-counts.ts';
import { IdleRead } from './oracles/idle-read.ts';
import { IdleStates } from './oracles/idle-states.ts';
import { IdleTicks } from './oracles/idle-ticks.ts';
import { IdleTruth } from './oracles/idle-truth.ts';
import { InterruptStorm } from './oracles/interrupt-storm.ts';
import { JiffiesClock } from './oracles/jiffies-clock.ts';
import { JiffiesFresh } from './oracles/jiffies-fresh.ts';
import { JiffiesOnce } from './oracles/jiffies-once.ts';
import { JiffiesRelation } from './oracles/jiffies-relation.ts';
import { JiffiesStall } from './oracles/jiffies-stall.ts';
import { KcpustatMonotonic } from './oracles/kcpustat-monotonic.ts';
import { KcpustatTrue } from './oracles/kcpustat-true.ts';
import { LockOrder } from './oracles/lock-order.ts';
import { LookUsed } from './oracles/look-used.ts';
import { MachineConservation } from './oracles/machine-conservation.ts';
import { MessagesDelivered } from './oracles/messages-delivered.ts';
import { MessagesInTime } from './oracles/messages-in-time.ts';
import { MinDelta } from './oracles/min-delta.ts';
import { OneCpuAtATime } from './oracles/one-cpu-at-a-time.ts';
import { ProcColumns } from './oracles/proc-columns.ts';
import { ProcForm } from './oracles/proc-form.ts';
import { ProcTotals } from './oracles/proc-totals.ts';
import { ReadMonotonic } from './oracles/read-monotonic.ts';
import { ReadRetries } from './oracles/read-retries.ts';
import { ReadOrder } from './oracles/read-order.ts';
import { ReadTrue } from './oracles/read-true.ts';
import { RunTime } from './oracles/run-time.ts';
import { SeqcountVersions } from './oracles/seqcount-versions.ts';
import { SleepCovered } from './oracles/sleep-covered.ts';
import { RcuGracePeriod } from './oracles/rcu-grace-period.ts';
import { RemoteTick } from './oracles/remote-tick.ts';
import { SoftirqLimits } from './oracles/softirq-limits.ts';
import { StopStates } from './oracles/stop-states.ts';
import { StopsFar } from './oracles/stops-far.ts';
import { TickGrid } from './oracles/tick-grid.ts';
import { TickDevices } from './oracles/tick-devices.ts';
import { TickHandlers } from './oracles/tick-handlers.ts';
import { TickPhase } from './oracles/tick-phase.ts';
import { UptimeIdle } from './oracles/uptime-idle.ts';
import { VtimeAccumulators } from './oracles/vtime-accumulators.ts';
import { VtimeReader } from './oracles/vtime-reader.ts';
import { VtimeCurrent } from './oracles/vtime-current.ts';
import { VtimeClock } from './oracles/vtime-clock.ts';
import { VtimeContext } from './oracles/vtime-context.ts';
import { KsoftirqdRuntime } from './oracles/ksoftirqd-runtime.ts';
import { TickCharges } from './oracles/tick-charges.ts';
import { StealCharges } from './oracles/steal-charges.ts';
import { GuestWithinUser } from './oracles/guest-within-user.ts';
import { VtimeStates } from './oracles/vtime-states.ts';
import { VtimeWriter } from './oracles/vtime-writer.ts';
import { WheelClock } from './oracles/wheel-clock.ts';
import { WheelDeleted } from './oracles/wheel-deleted.ts';
import { WheelExpiry } from './oracles/wheel-expiry.ts';
import { WheelLate } from './oracles/wheel-late.ts';
import { WheelLock } from './oracles/wheel-lock.ts';

interface OracleClass {
  readonly about: OracleDescription;
  new (facts: RunFacts): Oracle;
}

// table: concurrency, clocks, their sources, event devices, jiffies, idle, hrtimers, wheels, messages and scheduler, CPU time, /proc
const ORACLES: readonly OracleClass[] = [
  SeqcountVersions, LockOrder,
  ClockMonotonic, ClockCoarse, ClockJump, ClockDrift, ClockOffsets, ClockSteps, ClockShadow, ClockNormal, ClockGap, ClockFast,
  ClocksourceBest, ClocksourceHres, ClocksourceVerdict, ClocksourceRated,
  DeviceStates, DeviceTicks, DeviceDelivers, MinDelta, ForcedEvent, InterruptStorm, TickDevices, TickHandlers,
  JiffiesRelation, JiffiesClock, DutyOwner, JiffiesStall, JiffiesFresh, JiffiesOnce, TickPhase,
  DutyLimit, IdleStates, IdleCounts, IdleRead, IdleTruth, IdleTicks, TickGrid, StopsFar, SleepCovered, RemoteTick, LookUsed,
  HrtimerOrder, HrtimerEarly, HrtimerForgotten, HrtimerArmed, HrtimerClocks, HrtimerCancelled, HrtimerSoftirq, HrtimerRestart,
  WheelExpiry, WheelLate, WheelClock, WheelLock, WheelDeleted,
  CallRecords, MessagesDelivered, SoftirqLimits, StopStates, CallsWithIrqsOn, MessagesInTime, RcuGracePeriod, OneCpuAtATime,
  VtimeStates, VtimeCurrent, VtimeAccumulators, VtimeClock, VtimeContext, VtimeWriter, VtimeReader, KcpustatTrue,
  ReadMonotonic, ReadTrue, KcpustatMonotonic, GuestWithinUser, AdjustedFresh, AdjustedMonotonic, AdjustedSum,
  CputimePossible, ReadRetries, ReadOrder, CputimerEarly, CputimerLate,
  CputimeExact, KsoftirqdRuntime, GroupSums, GuestTime, TickCharges, StealCharges, CpuExact, RunTime, CpuConservation,
  MachineConservation, CputimeSplit,
  ProcForm, GuestColumns, ProcColumns, ProcTotals, UptimeIdle, BootInstant,
];

/** What every oracle says, for `dynticks list oracles`. */
export const oracleCatalog: readonly OracleDescription[] = ORACLES.map((oracle) => oracle.about);

/** All oracles, fresh for one run. */
export function createOracles(facts: RunFacts): Oracle[] {
  return ORACLES.map((OracleOfRun) => new OracleOfRun(facts));
}
