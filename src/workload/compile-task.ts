/** Compiles one declaration: its events, each into the operations that rt-app performs for it. */
import { TIMERS_PER_TASK } from '../../shared/limits.ts';
import { SignalBit } from '../../shared/structs/signal.ts';
import { ClockId } from '../../shared/structs/timekeeper.ts';
import { OpKind, type CallSpec, type PosixTimerSpec } from '../kernel/user.ts';
import { AttributeTable, attributesOfPhases } from './attributes.ts';
import { meantHint } from './did-you-mean.ts';
import { PHASE_END, ProgramBuilder, type Program } from './program.ts';
import type { CallDeclaration, EventDeclaration, TaskDeclaration } from './rtapp/model.ts';
import type { Source } from './rtapp/source.ts';
import type { SyncKind, SyncNames } from './sync-names.ts';

/** What all declarations of a workload share while they are compiled. */
export interface CompileContext {
  readonly source: Source;
  readonly names: SyncNames;
  readonly attributes: AttributeTable;
  /** Declarations by name; of a repeated name the first. */
  readonly declarations: ReadonlyMap<string, number>;
  /** Shared timers that some event calls absolute: the mode is the timer's, not the event's. */
  readonly absoluteTimers: ReadonlySet<string>;
  /** Functions called on other CPUs, by number. */
  readonly calls: CallSpec[];
  /** How many of a declaration may live at a time. */
  readonly instancesOf: (task: TaskDeclaration) => number;
  /** CPUs of a task that names none; null: all. */
  readonly everywhere: readonly number[] | null;
}

export function compileTask(context: CompileContext, task: TaskDeclaration): Program {
  const compiler = new TaskCompiler(context, task);
  return compiler.compile();
}

/** rt-app's rule: timers whose name begins so belong to one thread. */
export const isUnique = (ref: string): boolean => ref.startsWith('unique');

/** What a task blocks that blocks signals. */
const ALL_SIGNALS = SignalBit.Alarm | SignalBit.PosixTimer;

/** Which clock an interval timer counts by. @linux include/linux/posix-timers.h CPUCLOCK_PROF, CPUCLOCK_VIRT */
const CPU_ITIMERS: Readonly<Record<string, number>> = { prof: 0, virtual: 1 };

const timerSpec = ({ clock, absolute }: EventDeclaration): PosixTimerSpec => ({ clock: clock as ClockId, absolute });

/** As the operation has it: 0 relative, 1 absolute, 2 on whole periods of the clock. */
const modeOf = (grid: boolean, absolute: boolean): number => (grid ? 2 : Number(absolute));

class TaskCompiler {
  readonly #context: CompileContext;
  readonly #task: TaskDeclaration;
  readonly #out = new ProgramBuilder();
  readonly #ownTimers = new Map<string, number>();
  readonly #absoluteOwn: ReadonlySet<string>;
  /** Mutexes that the task holds at this place, as the file reads. */
  readonly #held = new Set<string>();

  constructor(context: CompileContext, task: TaskDeclaration) {
    this.#context = context;
    this.#task = task;
    this.#absoluteOwn = new Set(absoluteTimersOf(task));
  }

  compile(): Program {
    const { source, attributes, everywhere } = this.#context;
    const { phases } = this.#task;
    const sets = attributesOfPhases(source, this.#task, everywhere);
    phases.forEach((phase, i) => {
      const { first, later } = sets[i]!;
      if (first !== null || later !== null) {
        this.#out.emit(OpKind.SetAttributes, attributes.numberOf(first), attributes.numberOf(later));
      }
      const start = this.#out.position;
      this.#out.emit(OpKind.Mark, 0, i);
      for (const event of phase.events) this.#event(event);
      this.#out.emit(OpKind.Mark, 1, i);
      this.#out.emit(PHASE_END, phase.loop, start, i === phases.length - 1 ? 1 : 0);
    });
    return this.#out.finish(this.#task.loop);
  }

  #event(event: EventDeclaration): void {
    const { ns, index, ref } = event;
    const out = this.#out;
    switch (event.name) {
      case 'run':
      case 'mem':
      case 'memrun': return out.emit(OpKind.Run, ns, 0, 0, index);
      case 'runtime': return out.emit(OpKind.RunUntil, ns, 0, 0, index);
      case 'sleep': return out.emit(OpKind.Sleep, ns, 0, 0, index);
      case 'timer': return this.#timer(event);
      case 'iorun':
      case 'syscall': return out.emit(OpKind.Syscall, ns, 0, 0, index);
      case 'free': return out.emit(OpKind.Syscall, 0, 0, 1, index);
      case 'guest': return out.emit(OpKind.Guest, ns, 0, 0, index);
      case 'slack': return out.emit(OpKind.SetSlack, ns, 0, 0, index);
      case 'timeout': return out.emit(OpKind.Timeout, ns, 0, 0, index);
      case 'io': return out.emit(OpKind.Io, ns, 0, 0, index);
      case 'itimer': return out.emit(OpKind.SetItimer, ns, event.intervalNs, 0, index);
      case 'pipe': return this.#pipe(event);
      case 'clock_nanosleep': return this.#nanosleep(event);
      case 'sigmask': return out.emit(OpKind.Sigprocmask, event.writes ? ALL_SIGNALS : 0, 0, 0, index);
      case 'reap': return out.emit(OpKind.Reap, 0, 0, 0, index);
      case 'pause': return out.emit(OpKind.Pause, 0, 0, 0, index);
      case 'call': return out.emit(OpKind.Call, this.#callOf(event.call!), 0, 0, index);
      case 'yield': return out.emit(OpKind.Yield, 0, 0, 0, index);
      case 'fork': return out.emit(OpKind.Fork, this.#declarationOf(event), 0, 0, index);
      case 'sem_post': return out.emit(OpKind.SemPost, this.#number('semaphore', ref), 0, 0, index);
      case 'sem_wait': return out.emit(OpKind.SemWait, this.#number('semaphore', ref), 0, 0, index);
      case 'barrier': return this.#barrier(event);
      default: return this.#timerEvent(event);
    }
  }

  #timerEvent(event: EventDeclaration): void {
    const { ns, intervalNs, index, ref, cancelOnSet, soft } = event;
    const out = this.#out;
    switch (event.name) {
      case 'posix_timer': return out.emit(OpKind.TimerSettime, this.#posixTimer(ref, timerSpec(event)), ns, intervalNs, index);
      case 'posix_timer_gettime': return out.emit(OpKind.TimerGettime, this.#posixTimer(ref, null), 0, 0, index);
      case 'posix_timer_delete': return out.emit(OpKind.TimerDelete, this.#posixTimer(ref, null), 0, 0, index);
      case 'cputimer': return this.#cputimer(event);
      case 'fd_timer': {
        const fd = this.#context.names.timerfd(ref, { ...timerSpec(event), cancelOnSet, soft });
        return out.emit(OpKind.TimerfdSettime, fd, ns, intervalNs, index);
      }
      case 'fd_read': return out.emit(OpKind.TimerfdRead, this.#context.names.timerfd(ref, null), 0, 0, index);
      default: return this.#conditionEvent(event);
    }
  }

  /** On the CPU clock of the process it is a timer of the task that sleeps, one for each way of saying when. */
  #nanosleep(event: EventDeclaration): void {
    const { ns, clock, absolute, index } = event;
    if (clock !== ClockId.ProcessCputime) return this.#out.emit(OpKind.ClockNanosleep, ns, clock, Number(absolute), index);
    const timer = this.#posixTimer(absolute ? 'clock_nanosleep absolute' : 'clock_nanosleep', { ...timerSpec(event), wakes: true });
    this.#out.emit(OpKind.CpuNanosleep, timer, ns, 0, index);
  }

  /** The interval timers are the process's; the others are POSIX timers, one of each clock. */
  #cputimer({ ref, ns, intervalNs, index }: EventDeclaration): void {
    const interval = CPU_ITIMERS[ref];
    if (interval !== undefined) return this.#out.emit(OpKind.SetCpuItimer, ns, intervalNs, interval, index);
    const clock = ref === 'thread' ? ClockId.ThreadCputime : ClockId.ProcessCputime;
    this.#out.emit(OpKind.TimerSettime, this.#posixTimer(`cputimer ${ref}`, { clock, absolute: false }), ns, intervalNs, index);
  }

  /** A timer belongs to its task, so each instance has one of that name. */
  #posixTimer(ref: string, spec: PosixTimerSpec | null): number {
    const { names, instancesOf } = this.#context;
    return names.posixTimers(`${this.#task.name} ${ref}`, instancesOf(this.#task), spec);
  }

  #conditionEvent(event: EventDeclaration): void {
    const { index, ref } = event;
    switch (event.name) {
      case 'lock': return this.#lock(event, ref, index);
      case 'unlock': return this.#unlock(event, ref, index);
      case 'signal': return this.#out.emit(OpKind.CondSignal, this.#number('condition', ref), 0, 0, index);
      case 'broad': return this.#out.emit(OpKind.CondBroadcast, this.#number('condition', ref), 0, 0, index);
      case 'wait': return this.#wait(event);
      case 'sync': return this.#sync(event);
      case 'suspend': return this.#suspend(event);
      default: return this.#resume(event);
    }
  }

  #number(kind: SyncKind, name: string): number {
    return this.#context.names.numberOf(kind, name);
  }

  #timer({ ref, ns, grid, index, at, path }: EventDeclaration): void {
    const { source, names, absoluteTimers } = this.#context;
    if (!isUnique(ref)) {
      this.#out.emit(OpKind.Timer, -1 - names.sharedTimer(ref), ns, modeOf(grid, absoluteTimers.has(ref)), index);
      return;
    }
    const number = this.#ownTimers.get(ref) ?? this.#ownTimers.size;
    if (number >= TIMERS_PER_TASK) {
      throw source.bad(at, path, `${number + 1} timers of its own`, `at most ${TIMERS_PER_TASK} in a task (TIMERS_PER_TASK)`);
    }
    this.#ownTimers.set(ref, number);
    this.#out.emit(OpKind.Timer, number, ns, modeOf(grid, this.#absoluteOwn.has(ref)), index);
  }

  #pipe({ ref, bytes, writes, index }: EventDeclaration): void {
    const bytesOf = this.#number('pipe', ref);
    // right behind it: where its writers wait
    this.#number('pipe room', ref);
    this.#out.emit(writes ? OpKind.PipeWrite : OpKind.PipeRead, bytesOf, bytes, 0, index);
  }

  #callOf({ cpus, wait, membarrier }: CallDeclaration): number {
    return this.#context.calls.push({ cpus: cpus?.cpus ?? null, wait, membarrier }) - 1;
  }

  #lock({ at, path }: EventDeclaration, mutex: string, index: number): void {
    if (this.#held.has(mutex)) this.#context.source.warn(at, path, `locks "${mutex}" while it holds it: it will wait for itself.`);
    this.#held.add(mutex);
    this.#out.emit(OpKind.Lock, this.#number('mutex', mutex), 0, 0, index);
  }

  #unlock({ at, path }: EventDeclaration, mutex: string, index: number): void {
    if (!this.#held.delete(mutex)) this.#context.source.warn(at, path, `unlocks "${mutex}", which it does not hold here.`);
    this.#out.emit(OpKind.Unlock, this.#number('mutex', mutex), 0, 0, index);
  }

  #wait({ ref, mutex, index, at, path }: EventDeclaration): void {
    if (!this.#held.has(mutex)) {
      this.#context.source.warn(at, path, `waits with "${mutex}", which it does not hold here; pthread_cond_wait leaves that undefined.`);
    }
    this.#out.emit(OpKind.CondWait, this.#number('condition', ref), this.#number('mutex', mutex), 0, index);
  }

  /**
   * rt-app's code signals and waits under a mutex that the file has locked; its document says that
   * the event locks and unlocks by itself. Both kinds of file exist, and the lock before it tells them apart.
   */
  #sync(event: EventDeclaration): void {
    const condition = this.#number('condition', event.ref);
    const mutex = this.#number('mutex', event.mutex);
    const alone = !this.#held.has(event.mutex);
    if (alone) this.#out.emit(OpKind.Lock, mutex, 0, 0, event.index);
    this.#out.emit(OpKind.CondSignal, condition, 0, 0, alone ? -1 : event.index);
    this.#out.emit(OpKind.CondWait, condition, mutex);
    if (alone) this.#out.emit(OpKind.Unlock, mutex);
  }

  /** Nothing remembers a resume that comes too early: as in rt-app, that wake-up is lost. */
  #suspend({ ref, index }: EventDeclaration): void {
    const mutex = this.#number('mutex', ref);
    this.#out.emit(OpKind.Lock, mutex, 0, 0, index);
    this.#out.emit(OpKind.CondWait, this.#number('condition', ref), mutex);
    this.#out.emit(OpKind.Unlock, mutex);
  }

  #resume({ ref, index }: EventDeclaration): void {
    const mutex = this.#number('mutex', ref);
    this.#out.emit(OpKind.Lock, mutex, 0, 0, index);
    this.#out.emit(OpKind.CondBroadcast, this.#number('condition', ref));
    this.#out.emit(OpKind.Unlock, mutex);
  }

  #barrier({ ref, index, at, path }: EventDeclaration): void {
    const { source, names } = this.#context;
    if (this.#task.instances === 0) {
      throw source.bad(
        at, path, 'a barrier in a task that only fork starts', 'a task with instances of its own',
        'How many will arrive must be known.',
      );
    }
    names.addParties(ref, this.#task.instances);
    this.#out.emit(OpKind.Barrier, this.#number('barrier', ref), 0, 0, index);
  }

  #declarationOf({ ref, at, path }: EventDeclaration): number {
    const { source, declarations } = this.#context;
    const found = declarations.get(ref);
    if (found === undefined) {
      throw source.bad(at, path, `"${ref}"`, 'a task of this file', meantHint(ref, declarations.keys()));
    }
    return found;
  }
}

/** Names of timers that an event of the task calls absolute. */
export function absoluteTimersOf(task: TaskDeclaration): string[] {
  return task.phases.flatMap(({ events }) => events).filter(({ name, absolute }) => name === 'timer' && absolute).map(({ ref }) => ref);
}
