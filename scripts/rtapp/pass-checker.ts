/**
 * Judges a run against the text of its rt-app file: each complete pass over a phase began each of
 * the phase's events once, in file order. It knows the file and the trace, not the compiled program.
 */
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { Event } from '../../shared/events.ts';
import type { TaskDeclaration } from '../../src/workload/rtapp/model.ts';

/** Fields of rtapp_loop and rtapp_event. */
const LOOP = { task: 0, edge: 1, phase: 3 } as const;
const EVENT = { task: 0, id: 1 } as const;

interface Pass {
  phase: number;
  events: number[];
}

export class PassChecker implements EventConsumer {
  /** Complete passes, and events in them. */
  passes = 0;
  events = 0;
  readonly complaints: string[] = [];
  private readonly expected: readonly string[][];
  private readonly declarationOf: (task: number) => number;
  private readonly open = new Map<number, Pass>();

  /** `declarationOf`: which of `tasks` a task record instantiates; -1 or beyond for none of them. */
  constructor(tasks: readonly TaskDeclaration[], declarationOf: (task: number) => number) {
    this.expected = tasks.map(({ phases }) => phases.map(({ events }) => events.map(({ index }) => index).join(' ')));
    this.declarationOf = declarationOf;
  }

  onEvent(id: number, _cpu: number, t: number, fields: Float64Array, at: number): void {
    if (id === Event.rtapp_event) this.open.get(fields[at + EVENT.task]!)?.events.push(fields[at + EVENT.id]!);
    else if (id === Event.rtapp_loop) this.onLoop(t, fields[at + LOOP.task]!, fields[at + LOOP.edge]!, fields[at + LOOP.phase]!);
  }

  private onLoop(t: number, task: number, edge: number, phase: number): void {
    const pass = this.open.get(task);
    if (edge === 0) {
      this.open.set(task, { phase, events: [] });
      return;
    }
    this.open.delete(task);
    const ran = pass?.events.join(' ');
    const expected = this.expected[this.declarationOf(task)]?.[phase];
    if (pass?.phase === phase && ran === expected) {
      this.passes += 1;
      this.events += pass.events.length;
    } else {
      this.complaints.push(`task ${task} at ${t} ns ended a pass over phase ${phase} that ran events "${ran}", expected "${expected}"`);
    }
  }
}
