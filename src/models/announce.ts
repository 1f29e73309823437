/**
 * A message on its way to a participant that takes its list (`src/engine/threads/member.ts`,
 * `control.ts`): whoever opens the next window reckons with the message, be it announced or taken.
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { EventKind } from '../../shared/memory/guards.ts';
import { Standing, StreamRing } from '../../shared/structs/window.ts';
import { RingWriter } from '../../shared/sync/stream-ring.ts';
import { sendCsd } from '../../shared/sync/call-queue.ts';
import { KTIME_MAX, type CpuId, type Ns } from '../../shared/units.ts';
import { announce, controlOf, prepareControl, startOfNext, type Control } from '../engine/threads/control.ts';
import { Member } from '../engine/threads/member.ts';
import type { Pace } from '../engine/threads/pace.ts';
import { TurnBell } from '../engine/threads/turn-bell.ts';
import { Windows, type Opening, type WindowPolicy } from '../engine/threads/windows.ts';
import { model, type Model, type ModelThread } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import { asLinux } from '../kernel/decisions.ts';
import { Participant } from '../machine/participant.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { heldBack, inPieces } from './tampered-memory.ts';

const RECEIVER: CpuId = 0;

/** Somebody who does nothing but get messages. */
class Listener extends Participant {
  override plan(): void {
    this.planNothing();
    this.considerInbox();
  }
  override kindOfNext(): EventKind {
    return EventKind.Interacting;
  }
  override quietUntil(): Ns {
    return this.next.time;
  }
  override nextIsOrdered(): boolean {
    return true;
  }
  override run(): void {
    throw new Error('nothing is run here');
  }
}

/** No event may start. */
const HOLD: Pace = {
  begin: () => undefined, mayStart: () => false, starts: () => undefined, ended: () => undefined, sent: () => undefined,
  promiseOf: () => KTIME_MAX, publishOrdered: () => undefined,
};

/** Opens nothing; says in `horizon` when it believes that the receiver has something to do. */
class Reckon implements WindowPolicy {
  open({ window, standings }: Control, _limit: Ns, opening: Opening): void {
    window.horizon = startOfNext(standings[RECEIVER]!);
    opening.count = 0;
  }
}

/** The cell of the same standing. */
const nextTimeBeside = (announcedCell: number): number => announcedCell - Standing.at.announced + Standing.at.nextTime;

interface Parts {
  /** When each sender's message is due. */
  readonly dues: readonly Ns[];
  readonly receiving?: (memory: Memory, announced: number) => Memory;
  readonly sending?: (memory: Memory, announced: number) => Memory;
  /** Senders announce before they send. */
  readonly announceFirst?: boolean;
}

function announced({ dues, receiving = (memory) => memory, sending = (memory) => memory, announceFirst = false }: Parts): Model {
  const { map, plan } = machineCells({ cpus: dues.length });
  const cell = map.at.standing + RECEIVER * Standing.bytes + Standing.at.announced;

  function receive(memory: Memory): void {
    const control = controlOf(receiving(memory, cell), map);
    const participant = new Listener(RECEIVER, {
      memory: control.memory, map, decisions: asLinux, ipiDelayNs: 0,
      promiseOf: () => KTIME_MAX, onSend: () => undefined, whileFull: () => undefined, linger: () => undefined,
    });
    const member = new Member({
      control, participant, pace: HOLD, cuts: undefined, baton: undefined,
      windows: new Windows(control, new Reckon()), bell: new TurnBell(control, RECEIVER),
      ring: new RingWriter(control.memory, map.at.streamRing + RECEIVER * StreamRing.bytes, new Float64Array(8)),
      beforeEvent: () => undefined, recordFinals: () => undefined,
    });
    member.turn(Infinity);
  }

  function send(memory: Memory, from: CpuId, due: Ns): void {
    const control = controlOf(sending(memory, cell), map);
    if (announceFirst) announce(control, RECEIVER, due);
    sendCsd(control.memory, map, from, RECEIVER, 0, 0, 0, due, 0, 0, () => undefined);
    if (!announceFirst) announce(control, RECEIVER, due);
    new Windows(control, new Reckon()).arrive();
  }

  return model({
    name: 'announce',
    cells: plan,
    setUp: (memory) => {
      const control = controlOf(memory, map);
      prepareControl(control, 0);
      control.window.expected = dues.length + 1;
      // the receiver has its turn
      control.standings[RECEIVER]!.turn = 1;
    },
    threads: [
      { name: 'receiver', run: receive },
      ...dues.map((due, i): ModelThread => ({ name: `sender-${i}`, run: (memory: Memory) => send(memory, i + 1, due) })),
    ],
    check: ({ memory }) => {
      const { horizon } = controlOf(memory, map).window;
      const first = Math.min(...dues);
      return horizon === first ? undefined : `a message is due at ${first}, and the window is opened as if it were ${horizon}`;
    },
  });
}

export const ANNOUNCE: Catalogued = {
  id: 'announce',
  says: 'Two messages are sent to a participant that takes its list: whoever opens the next window knows when the first is due.',
  model: announced({ dues: [200, 100] }),
  mutants: [
    {
      id: 'reset-late', says: 'the receiver forgets what was announced after it has taken its list',
      model: announced({ dues: [100], receiving: (memory, cell) => heldBack(memory, cell, nextTimeBeside(cell)) }),
    },
    {
      id: 'announced-first', says: 'a sender announces its message before it sends it',
      model: announced({ dues: [100], announceFirst: true }),
    },
    {
      id: 'announced-in-pieces', says: 'a sender looks what is announced and lowers it in two steps',
      model: announced({ dues: [200, 100], sending: inPieces }),
    },
  ],
  quick: exhaustive,
};
