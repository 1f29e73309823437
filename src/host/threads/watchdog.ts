/**
 * Tells a machine that hangs from one whose host is slow. A thread that spins for ever in a section
 * burns the host's CPU while no event ends; on a starved host no event ends either, but nothing is
 * burnt. And threads that all sleep, each waiting for another's doorbell, burn nothing: for them there
 * is a long time-out of wall time.
 *
 * A look that comes late (the main thread was busy, the process was stopped) says nothing about the
 * threads, so it starts the measure anew.
 */
export interface Watched {
  /** Grows with each event that ends anywhere in the machine. */
  events(): number;
  /** Nobody is to move: the run is parked, or its threads wait for the main thread. */
  isWaiting(): boolean;
  /** Which participants are inside an event: `CPU 3 in a step since 4.000 ms`. Asked only when the machine hangs. */
  describe(): string;
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

const PATIENCE: Patience = { wallMs: 1_000, cpuMs: 500, idleMs: 10_000 };
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
  private events = -1;
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
  start(onHang: (why: string) => void): void {
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

  /** Why the machine is taken to hang, as a clause; null while it is not. */
  look(): string | null {
    const wallMs = this.clock.wallMs();
    const late = wallMs - this.lastLookMs > LATE_MS;
    this.lastLookMs = wallMs;
    const events = this.watched.events();
    if (late || events !== this.events || this.watched.isWaiting()) {
      this.events = events;
      this.restart();
      return null;
    }
    return this.judge(wallMs - this.sinceMs, this.clock.cpuMs() - this.sinceCpuMs);
  }

  private judge(wallMs: number, cpuMs: number): string | null {
    const { patience } = this;
    const burns = wallMs >= patience.wallMs && cpuMs >= patience.cpuMs;
    if (!burns && wallMs < patience.idleMs) return null;
    return `no event ended for ${seconds(wallMs)} in which ${seconds(cpuMs)} of CPU time were used; ${this.watched.describe()}`;
  }

  private restart(): void {
    this.sinceMs = this.lastLookMs = this.clock.wallMs();
    this.sinceCpuMs = this.clock.cpuMs();
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
