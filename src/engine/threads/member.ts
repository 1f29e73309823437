/**
 * One participant on its own thread: it waits for a window, takes its messages, runs its events as far
 * as they may go, says where it stands, and arrives. How far they may go differs between `free` and
 * `lockstep`; that is its `Pace`.
 *
 * What arrives must be told in this order: records into the ring, the standing, and only then the
 * arrival, since whoever opens the next window, and whoever merges the records, relies on both.
 */
import { Standing, WindowMode, WindowPage } from '../../../shared/structs/window.ts';
import type { RingWriter } from '../../../shared/sync/stream-ring.ts';
import { KTIME_MAX, type Ns } from '../../../shared/units.ts';
import type { Participant } from '../../machine/participant.ts';
import type { Cuts } from '../cuts.ts';
import type { BatonServer } from './baton.ts';
import type { Control } from './control.ts';
import type { Pace } from './pace.ts';
import type { TurnBell, Woken } from './turn-bell.ts';
import type { Windows } from './windows.ts';

/** Doubles of records that a participant keeps before it hands them on in the middle of a window. */
const FLUSH_AT = 1 << 13;

export interface MemberParts {
  readonly control: Control;
  readonly participant: Participant;
  readonly windows: Windows;
  readonly pace: Pace;
  readonly bell: TurnBell;
  readonly ring: RingWriter;
  /** In a run with cuts: those of this participant, and what other threads may ask of it. */
  readonly cuts: Cuts | undefined;
  readonly baton: BatonServer | undefined;
  /** Whatever this thread does between two events for its own sake. */
  readonly beforeEvent: () => void;
  /** The run ends at that instant: the last records. */
  readonly recordFinals: (end: Ns) => void;
}

export class Member {
  /** Windows that it took part in. */
  windows = 0;
  /** Its last window is over. */
  stopped = false;
  private readonly parts: MemberParts;
  private readonly standing: Standing;

  constructor(parts: MemberParts) {
    this.parts = parts;
    this.standing = parts.control.standings[parts.participant.id]!;
  }

  /** Built and ready: the first arrival. The last one of all parks the machine, for the limit is 0. */
  join(): void {
    this.parts.participant.plan();
    this.publish();
    this.arrive();
  }

  /** Sleeps until there is something to do, does it, and says whether it was a window. */
  turn(timeoutMs: number): Woken {
    const woken = this.parts.bell.wait(timeoutMs);
    if (woken === 'turn') this.takeTurn();
    else if (woken === 'errand') this.runErrands();
    return woken;
  }

  private takeTurn(): void {
    this.windows += 1;
    if (this.parts.control.window.mode === WindowMode.Stop) return this.stop();
    this.lookIntoList();
    this.parts.pace.begin(this.parts.participant);
    this.runBatch();
    this.publish();
    this.flush();
    this.arrive();
  }

  private arrive(): void {
    // before the arrival: after it somebody may have opened the next window
    this.standing.left = this.parts.control.window.number;
    this.parts.windows.arrive();
  }

  /** From here on nobody needs to reckon with what lies in the list. Said before the look: a message in between would be forgotten. */
  private lookIntoList(): void {
    const { participant } = this.parts;
    this.standing.announced = KTIME_MAX;
    participant.takeMessages();
    participant.plan();
  }

  private runBatch(): void {
    const { participant, pace } = this.parts;
    if (!pace.mayStart(participant)) return;
    this.enterBatch();
    do {
      this.runEvent();
      if (participant.stream.length > FLUSH_AT) this.flush();
    } while (pace.mayStart(participant));
    this.parts.control.memory.add(this.parts.control.window.base + WindowPage.at.inBatch, -1);
  }

  private runEvent(): void {
    const { participant, cuts } = this.parts;
    cuts?.beginEvent(participant.id, participant.next.class);
    this.execute();
    cuts?.endEvent();
  }

  /** In a cut of another CPU's event: the next event, ahead of its turn. */
  private runAhead(): void {
    const { participant, cuts } = this.parts;
    cuts?.passEvent(participant.id, participant.next.class);
    this.execute();
  }

  private execute(): void {
    const { participant, pace } = this.parts;
    this.standing.lastStart = participant.next.time;
    this.parts.beforeEvent();
    pace.starts(participant);
    participant.run();
    pace.ended(participant);
  }

  /** Counts the windows in which two threads are really at work at one moment. */
  private enterBatch(): void {
    const { memory, window } = this.parts.control;
    if (memory.add(window.base + WindowPage.at.inBatch, 1) === 0) return;
    const { number } = window;
    if (memory.exchange(window.base + WindowPage.at.overlapSeen, number) === number) return;
    memory.addLong(window.base + WindowPage.at.overlapping, 1);
  }

  private publish(): void {
    const { standing, parts: { participant, pace } } = this;
    const { next } = participant;
    standing.nextTime = next.time;
    standing.nextClass = next.class;
    standing.nextOrigin = next.origin;
    standing.nextN = next.n;
    standing.now = participant.now;
    standing.events = participant.events;
    pace.publishOrdered(participant, standing);
  }

  private flush(): void {
    const { stream } = this.parts.participant;
    this.parts.ring.write(stream.rows, stream.length);
    stream.length = 0;
  }

  /** Between windows: a sender may wait for the slot of its message, and a cut for what this thread shall do. */
  private runErrands(): void {
    this.parts.participant.takeMessages();
    const { baton } = this.parts;
    if (baton === undefined || !baton.isMine()) return;
    this.lookIntoList();
    baton.serve(() => this.runAhead());
    this.flush();
    this.publish();
    baton.answer();
  }

  private stop(): void {
    const { memory, window } = this.parts.control;
    this.parts.recordFinals(window.end);
    this.flush();
    this.stopped = true;
    this.standing.left = window.number;
    memory.add(window.base + WindowPage.at.stopped, 1);
  }
}
