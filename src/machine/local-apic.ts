/** A CPU's own event device: counts down at its frequency, once or over and over. The coordinator's do the same. */
import { mulDiv } from '../../shared/math.ts';
import { KTIME_MAX, NSEC_PER_SEC, type CpuId, type Cycles, type Ns } from '../../shared/units.ts';
import { DeviceMode } from '../kernel/arch.ts';

export class LocalApic {
  /** When it fires; KTIME_MAX while it is not armed. */
  due: Ns = KTIME_MAX;
  /** The number of the arming, and the event that armed it. */
  n = 0;
  causeOrigin: CpuId = -1;
  causeN = 0;
  private mode: DeviceMode = DeviceMode.Shutdown;
  private periodNs: Ns = 0;
  private readonly hz: number;
  /** 0 where a tick is not a whole number of ns. */
  private readonly nsPerTick: Ns;

  constructor(hz: number) {
    this.hz = hz;
    this.nsPerTick = NSEC_PER_SEC % hz === 0 ? NSEC_PER_SEC / hz : 0;
  }

  setMode(mode: DeviceMode, periodTicks: Cycles, now: Ns): void {
    this.setPeriod(mode, this.nsOf(periodTicks), now);
  }

  /** The same for a device whose period is told in ns. */
  setPeriod(mode: DeviceMode, periodNs: Ns, now: Ns): void {
    this.mode = mode;
    this.periodNs = periodNs;
    this.due = mode === DeviceMode.Periodic ? now + periodNs : KTIME_MAX;
  }

  /** Arms it `ticks` from `now`. False: not a time to come. */
  arm(ticks: Cycles, now: Ns): boolean {
    if (ticks <= 0) return false;
    this.due = now + this.nsOf(ticks);
    return true;
  }

  /** Arms it for `after` ns from `now`, however long its ticks are. */
  armIn(after: Ns, now: Ns): void {
    this.due = now + after;
  }

  /** It fires: a periodic device is armed again, a one-shot one is not. */
  fire(): void {
    this.due = this.mode === DeviceMode.Periodic ? this.due + this.periodNs : KTIME_MAX;
  }

  get periodic(): boolean {
    return this.mode === DeviceMode.Periodic;
  }

  /** Ticks as ns, rounded up: it never fires before its last tick is over. */
  private nsOf(ticks: Cycles): Ns {
    if (this.nsPerTick > 0) return ticks * this.nsPerTick;
    const whole = mulDiv(ticks, NSEC_PER_SEC, this.hz);
    return mulDiv(whole, this.hz, NSEC_PER_SEC) < ticks ? whole + 1 : whole;
  }
}
