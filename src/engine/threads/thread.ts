/** Builds what one thread runs: a participant over native memory, and its part in the windows. */
import { KernelBug } from '../../../shared/assert.ts';
import { layOutMachine, type MachineMap } from '../../../shared/machine-map.ts';
import { AtomicsMemory } from '../../../shared/memory/atomics-memory.ts';
import type { Memory } from '../../../shared/memory/memory.ts';
import type { Spin } from '../../../shared/memory/spin.ts';
import { ObservedMemory, type Access } from '../../../shared/memory/observed-memory.ts';
import { WasmMemory } from '../../../shared/memory/wasm-memory.ts';
import { CallQueue, Csd } from '../../../shared/structs/cpu.ts';
import { StreamRing, WindowPage } from '../../../shared/structs/window.ts';
import { RingWriter } from '../../../shared/sync/stream-ring.ts';
import type { Ns } from '../../../shared/units.ts';
import { traceFinals } from '../../kernel/finals.ts';
import { KernelImage } from '../../kernel/image.ts';
import { Coordinator } from '../../machine/coordinator.ts';
import { decisionsWith } from '../../machine/faults.ts';
import type { Board, Participant } from '../../machine/participant.ts';
import { SimCpu } from '../../machine/sim-cpu.ts';
import { Cuts } from '../cuts.ts';
import { EndCheck } from '../end-check.ts';
import { buildCpu, rankOfTies, type MachineSetup } from '../machine-setup.ts';
import { BatonGiver, BatonServer } from './baton.ts';
import { Conductor } from './conductor.ts';
import { announce, controlOf, type Control } from './control.ts';
import { FreePace } from './free-pace.ts';
import { FreePolicy } from './free-policy.ts';
import { Saboteur } from './host-faults.ts';
import { HostPauses } from './host-pauses.ts';
import { LockstepPace } from './lockstep-pace.ts';
import { LockstepPolicy } from './lockstep-policy.ts';
import { Member } from './member.ts';
import type { Pace } from './pace.ts';
import type { Seat, ThreadReport } from './seat.ts';
import { measureHandOff, mayHaveCores, spinLoads } from './spin-policy.ts';
import { TurnBell } from './turn-bell.ts';
import { Windows } from './windows.ts';

type NativeMemory = Memory & { readonly spin: Spin };

/** Longest nap in the midst of a look, in host ns: the least that the host's clock lets anybody sleep. */
const NAP_NS = 50_000;

export class MachineThread {
  readonly member: Member;
  private readonly setup: MachineSetup;
  private readonly seat: Seat;
  private readonly memory: NativeMemory;
  private readonly map: MachineMap;
  private readonly control: Control;
  private readonly image: KernelImage;
  private readonly windows: Windows;
  private readonly pace: Pace;
  private readonly participant: Participant;
  private readonly observed: ObservedMemory | undefined;
  private readonly cuts: Cuts | undefined;
  private spins = 0;
  private stores = 0;

  /** @throws KernelBug if this thread would lay the memory out in another way than the one that started it */
  constructor(setup: MachineSetup, seat: Seat) {
    this.setup = setup;
    this.seat = seat;
    this.map = layOutMachine(setup.shape);
    if (this.map.map.hash() !== seat.layoutHash) throw new KernelBug('this thread lays memory out otherwise than the one that started it');
    this.memory = seat.choice.memory === 'wasm' ? new WasmMemory(seat.shared) : new AtomicsMemory(seat.shared.buffer);
    this.control = controlOf(this.memory, this.map);
    this.observed = setup.cuts.length > 0 || seat.counted ? new ObservedMemory(this.memory, this.map.map) : undefined;
    this.image = new KernelImage(this.observed ?? this.memory, this.map);
    this.windows = new Windows(this.control, this.policy());
    this.cuts = this.newCuts();
    this.pace = this.newPace();
    this.participant = this.newParticipant();
    this.memory.spin.errand = () => this.whileItSpins();
    this.member = this.newMember();
  }

  /** The participant's clock. */
  get now(): Ns {
    return this.participant.now;
  }

  /** The coordinator's decisions; in its thread only. */
  conductor(): Conductor {
    const { setup, control, member, windows, image } = this;
    const endCheck = new EndCheck(image, setup);
    return new Conductor({ control, member, windows, endCheck, endNs: setup.limitNs });
  }

  /** A CPU's whole life, from the first arrival to the last record. */
  runToStop(): ThreadReport {
    this.chooseSpinning();
    this.member.join();
    while (!this.member.stopped) this.member.turn(Infinity);
    return this.report();
  }

  report(): ThreadReport {
    const { seat: { id }, participant, member: { windows }, spins, stores } = this;
    const readRetries = participant instanceof SimCpu ? [...participant.kernel.readRetries] : [];
    return { id, windows, spins, stores, readRetries, events: participant.events, cutsRan: this.cuts?.ran ?? [] };
  }

  /** CPU 0 and CPU 1 measure a hand-over, before anybody waits for a window. */
  private chooseSpinning(): void {
    const { seat: { id, cores }, setup: { shape: { cpus } }, control: { memory, window } } = this;
    if (cpus < 2 || id > 1 || !mayHaveCores(cpus, cores)) return;
    const [ping, pong] = [window.base + WindowPage.at.ping, window.base + WindowPage.at.pong];
    const measured = id === 0 ? measureHandOff(memory, 0, ping, pong) : measureHandOff(memory, 1, pong, ping);
    if (id === 0) window.spinLoads = spinLoads(cpus, cores, measured);
  }

  private policy(): FreePolicy | LockstepPolicy {
    const { ipiDelayNs, skewNs } = this.seat.rules;
    return this.seat.choice.sync === 'free' ? new FreePolicy(ipiDelayNs, skewNs) : new LockstepPolicy(rankOfTies(this.setup));
  }

  private newPace(): Pace {
    const { control, seat: { id, rules, choice } } = this;
    return choice.sync === 'free' ? new FreePace(control, id, rules) : new LockstepPace(control, id, rankOfTies(this.setup), this.cuts);
  }

  /** Cuts need a fixed order, so there are none in `free`. Of all of them those of this CPU's own events will be met. */
  private newCuts(): Cuts | undefined {
    const { observed, control, seat, setup: { cuts } } = this;
    if (observed === undefined) return undefined;
    if (seat.counted) observed.onAccess = (struct, _field, op) => this.countStore(struct, op);
    if (cuts.length === 0 || seat.choice.sync === 'free') return undefined;
    return new Cuts(cuts, observed, () => this.participant as SimCpu, new BatonGiver(control, seat.id));
  }

  /**
   * When a CPU looks into its list of messages is the engine's affair, not the machine's; and a push that meets
   * such a look stores its slot's link once more.
   */
  private countStore(struct: string, op: Access): void {
    if (op === 'store' && struct !== CallQueue.name && struct !== Csd.name) this.stores += 1;
  }

  private newParticipant(): Participant {
    const { id } = this.seat;
    const board = this.board();
    if (id === this.setup.shape.cpus) return new Coordinator(id, board, this.setup.hpetHz, this.image, this.setup.config);
    const cpu = buildCpu(this.setup, id, this.image, board);
    if (id === 0) cpu.powerOn();
    return cpu;
  }

  private board(): Board {
    const { map, control, pace, setup } = this;
    const pauses = new HostPauses(setup.seed, this.seat.id, this.seat.widenNs);
    const naps = new HostPauses(setup.seed, this.seat.id, this.seat.napsInLooks ? NAP_NS : 0);
    return {
      map, memory: this.observed ?? this.memory, decisions: decisionsWith(setup.faults), ipiDelayNs: setup.ipiDelayNs,
      // a look asks for the promise before its section, in it and after it
      promiseOf: (cpu) => {
        naps.maybeNap();
        return pace.promiseOf(cpu);
      },
      onSend: (to, due) => {
        pace.sent(due);
        announce(control, to, due);
      },
      whileFull: () => this.participant.takeMessages(),
      linger: () => pauses.pause(),
    };
  }

  private newMember(): Member {
    const { control, participant, windows, pace, memory, map, seat } = this;
    const jitter = new HostPauses(this.setup.seed, seat.id, seat.jitterNs);
    const saboteur = Saboteur.of(this.setup.faults, { memory, map, cpu: seat.id });
    return new Member({
      control, participant, windows, pace,
      bell: new TurnBell(control, seat.id),
      ring: new RingWriter(memory, map.at.streamRing + seat.id * StreamRing.bytes, new Float64Array(seat.rows)),
      cuts: this.cuts, baton: this.newBaton(),
      beforeEvent: () => {
        this.countSpins(memory.spin);
        jitter.maybePause();
        saboteur?.beforeEvent(participant.next.time);
      },
      recordFinals: (end) => this.recordFinals(end),
    });
  }

  private newBaton(): BatonServer | undefined {
    const { participant, observed, control, cuts } = this;
    return cuts !== undefined && participant instanceof SimCpu ? new BatonServer(control, participant, observed!) : undefined;
  }

  /** Who waits long for another's section says so, not to be taken for one that hangs; and the other may wait for a slot. */
  private whileItSpins(): void {
    const standing = this.control.standings[this.seat.id]!;
    standing.spunIn = standing.lastStart;
    this.participant.takeMessages();
  }

  private countSpins(spin: Spin): void {
    this.spins += spin.turns;
    spin.reset();
  }

  private recordFinals(end: Ns): void {
    const { participant } = this;
    if (!(participant instanceof SimCpu)) return;
    participant.beginFinals(end);
    traceFinals(participant.kernel);
  }
}
