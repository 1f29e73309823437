/**
 * The coordinator: a participant of the last rank that owns the global event device (the PIT). CPUs
 * ask it by message to program the device; when it fires, it interrupts the boot CPU.
 */
import { Event, EventClass } from '../../shared/events.ts';
import { EventKind } from '../../shared/memory/guards.ts';
import { MessageKind } from '../../shared/structs/cpu.ts';
import { KTIME_MAX, type CpuId, type Ns } from '../../shared/units.ts';
import { DeviceMode } from '../kernel/arch.ts';
import { Participant, type Board } from './participant.ts';

/** Where interrupt line 0 goes. */
const BOOT_CPU: CpuId = 0;

export class Coordinator extends Participant {
  private pitDue: Ns = KTIME_MAX;
  private pitPeriodNs: Ns = 0;
  private pitN = 0;
  private pitCause = 0;

  constructor(id: CpuId, board: Board) {
    super(id, board);
  }

  override plan(): void {
    this.planNothing();
    this.considerInbox();
    this.consider(this.pitDue, EventClass.Device, this.id, this.pitN, this.id, this.pitCause);
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
    this.begin();
    if (this.next.class === EventClass.Device) this.pitFires();
    else this.messageArrives();
    this.end();
  }

  private pitFires(): void {
    this.arm(this.pitPeriodNs > 0 ? this.pitDue + this.pitPeriodNs : KTIME_MAX);
    this.send(BOOT_CPU, MessageKind.DeviceIrq, 0, 0);
  }

  /** `ProgramDevice`: a the mode, b ns until the event, or between two. */
  private messageArrives(): void {
    const { kind, origin, n, a: mode, b: ns } = this.takeNextMessage();
    this.trace6(Event.csd_function_entry, origin, n, kind, this.lastEnd);
    this.pitPeriodNs = mode === DeviceMode.Periodic ? ns : 0;
    this.arm(mode === DeviceMode.Shutdown ? KTIME_MAX : this.now + ns);
  }

  private arm(due: Ns): void {
    this.pitDue = due;
    this.pitN = this.count++;
    this.pitCause = this.eventN;
  }
}
