/**
 * The coordinator: a participant of the last rank that owns the global event devices (PIT and HPET). CPUs
 * ask it by message to program one; when one fires, it interrupts the boot CPU. And it looks at CPU time for
 * readers that are nowhere.
 */
import { Event, EventClass } from '../../shared/events.ts';
import { EventKind } from '../../shared/memory/guards.ts';
import { MessageKind } from '../../shared/structs/cpu.ts';
import { KTIME_MAX, type CpuId, type Ns, type TaskId } from '../../shared/units.ts';
import { DeviceMode, deviceOfCommand, modeOfCommand } from '../kernel/arch.ts';
import type { KernelConfig } from '../kernel/config.ts';
import type { KernelImage } from '../kernel/image.ts';
import { newLooker, type Looker } from '../kernel/reads/looker.ts';
import { PIT_SPEC } from '../kernel/time/clockevent-devices.ts';
import { DeviceId } from '../kernel/time/clockevents.ts';
import { makePass, readerOf, type CoordinatorRead } from './coordinator-reads.ts';
import { LocalApic } from './local-apic.ts';
import { Participant, type Board } from './participant.ts';

/** Where interrupt line 0 goes. */
const BOOT_CPU: CpuId = 0;

/** Both count down at their frequency, as a CPU's own does. */
class GlobalDevice extends LocalApic {
  readonly id: DeviceId;

  constructor(id: DeviceId, hz: number) {
    super(hz);
    this.id = id;
  }
}

export class Coordinator extends Participant {
  private readonly pit: GlobalDevice;
  private readonly hpet: GlobalDevice;
  private readonly looker: Looker;
  private readonly reads: CoordinatorRead[] = [];

  constructor(id: CpuId, board: Board, hpetHz: number, image: KernelImage, config: KernelConfig) {
    super(id, board);
    this.pit = new GlobalDevice(DeviceId.Pit, PIT_SPEC.hz);
    this.hpet = new GlobalDevice(DeviceId.Hpet, hpetHz);
    this.looker = newLooker({ memory: board.memory, decisions: board.decisions, image, config }, {
      schedClock: () => this.now,
      promiseOf: board.promiseOf,
      linger: () => board.linger(id),
      trace6: (event, a, b, c, d, e, f) => this.trace6(event, a, b, c, d, e, f),
      traceFields: (event, fields) => this.stream.appendFields(this, event, fields),
    });
  }

  override plan(): void {
    this.planNothing();
    this.considerInbox();
    this.considerDevice(this.pit);
    this.considerDevice(this.hpet);
    for (const { due, n, causeOrigin, causeN } of this.reads) this.consider(due, EventClass.Device, this.id, n, causeOrigin, causeN);
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
    const read = this.next.class === EventClass.Device ? this.reads.find(({ n }) => n === this.next.n) : undefined;
    if (read !== undefined) this.look(read);
    else if (this.next.class === EventClass.Device) this.deviceFires();
    else this.messageArrives();
    this.end();
  }

  private considerDevice({ due, n, causeOrigin, causeN }: GlobalDevice): void {
    this.consider(due, EventClass.Device, this.id, n, causeOrigin, causeN);
  }

  private deviceFires(): void {
    const device = this.next.n === this.pit.n && this.pit.due !== KTIME_MAX ? this.pit : this.hpet;
    device.fire();
    if (device.periodic) this.nameArming(device);
    this.send(BOOT_CPU, MessageKind.DeviceIrq, device.id, 0);
  }

  private look(read: CoordinatorRead): void {
    makePass(this.looker, read);
    this.armRead(read);
  }

  private armRead(read: CoordinatorRead): void {
    read.due = this.now + read.periodNs;
    this.nameArming(read);
  }

  /**
   * `StartReader`: a the task. `ProgramDevice`: a the device and its mode, b ns between two events of a periodic one,
   * ticks until a single one.
   */
  private messageArrives(): void {
    const { kind, origin, n, a: command, b: amount } = this.takeNextMessage();
    this.trace6(Event.csd_function_entry, origin, n, kind, this.lastEnd);
    if (kind === MessageKind.StartReader) this.startReader(command);
    else this.programDevice(command, amount);
  }

  private startReader(by: TaskId): void {
    const read = readerOf(this.looker, by);
    this.reads.push(read);
    this.armRead(read);
  }

  private programDevice(command: number, amount: number): void {
    const device = deviceOfCommand(command) === DeviceId.Pit ? this.pit : this.hpet;
    const mode = modeOfCommand(command);
    device.setPeriod(mode, mode === DeviceMode.Periodic ? amount : 0, this.now);
    if (mode === DeviceMode.Oneshot && amount > 0) device.arm(amount, this.now);
    this.nameArming(device);
  }

  private nameArming(device: GlobalDevice | CoordinatorRead): void {
    device.n = this.count++;
    device.causeOrigin = this.id;
    device.causeN = this.eventN;
  }
}
