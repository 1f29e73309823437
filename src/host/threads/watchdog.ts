/**
 * Tells a machine that hangs from one whose host is slow. A thread that spins for ever in a section
 * burns the host's CPU while no event ends; on a starved host no event ends either, but nothing is
 * burnt. And threads that all sleep, each waiting for another's doorbell, burn nothing: for them there
 * is a long time-out of wall time.
 *
 * A look that comes late (the main thread was busy, the process was stopped) says nothing about the
 * threads, so it starts the measure anew.
 */
import { ThreadDeath } from './thread-death.ts';
import type { HangWitness } from './who-hangs.ts';

export interface Watched {
  /** Another number whenever an event has ended anywhere in the machine, or soon after. */
  progress(): number;
  /** Nobody is to move: the run is parked, or its threads wait for the main thread. */
  isWaiting(): boolean;
  /** Who keeps it from going on. Asked only when the machine hangs. */
  witness(): HangWitness;
}

/** What the host gives; another in tests. */
export interface HostClock {
  wallMs(): number;
  /** CPU time of all threads of the process. */
  cpuMs(): number;
}

export interface Patience {
  /** No event for that much wall time ... */
  readonly wallMs: number;
  /** ... in which that much CPU time was burnt: a hang. */
  readonly cpuMs: number;
  /** No event for that much wall time: a hang, whatever was burnt. */
  readonly idleMs: number;
}

const PATIENCE: Patience = { wallMs: 600, cpuMs: 400, idleMs: 10_000 };
const LOOK_EVERY_MS = 100;
/** A look that comes later than this after the last one is late. */
const LATE_MS = 500;

const HOST: HostClock = {
  wallMs: () => performance.now(),
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
};

export class Watchdog {
  private readonly watched: Watched;
  private readonly patience: Patience;
  private readonly clock: HostClock;
  private timer: NodeJS.Timeout | undefined;
  private progress = -1;
  /** When the measure began, and what was burnt by then. */
  private sinceMs = 0;
  private sinceCpuMs = 0;
  private lastLookMs = 0;

  constructor(watched: Watched, patience: Partial<Patience> = {}, clock: HostClock = HOST) {
    this.watched = watched;
    this.patience = { ...PATIENCE, ...patience };
    this.clock = clock;
    this.restart();
  }

  /** Looks ten times a second, until `stop`; `onHang` is called once. Does not hold the process up. */
  start(onHang: (why: ThreadDeath) => void): void {
    this.restart();
    this.timer = setInterval(() => {
      const why = this.look();
      if (why === null) return;
      this.stop();
      onHang(why);
    }, LOOK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Which thread is taken to hang, and why; null while none is. */
  look(): ThreadDeath | null {
    const wallMs = this.clock.wallMs();
    const late = wallMs - this.lastLookMs > LATE_MS;
    this.lastLookMs = wallMs;
    const progress = this.watched.progress();
    if (late || progress !== this.progress || this.watched.isWaiting()) {
      this.progress = progress;
      this.restart();
      return null;
    }
    return this.judge(wallMs - this.sinceMs, this.clock.cpuMs() - this.sinceCpuMs);
  }

  private judge(wallMs: number, cpuMs: number): ThreadDeath | null {
    const { patience } = this;
    const burns = wallMs >= patience.wallMs && cpuMs >= patience.cpuMs;
    if (!burns && wallMs < patience.idleMs) return null;
    const { thread, says } = this.watched.witness();
    const measured = `No event ended for ${seconds(wallMs)}, in which ${seconds(cpuMs)} of CPU time were used`;
    return new ThreadDeath(thread, `hangs. ${measured}: ${says}`);
  }

  private restart(): void {
    this.sinceMs = this.lastLookMs = this.clock.wallMs();
    this.sinceCpuMs = this.clock.cpuMs();
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
