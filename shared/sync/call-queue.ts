/**
 * Messages between participants: one lock-free list for each receiver, slots from a pool of the
 * sender. None is ever lost; those of one sender arrive in the order in which it sent them.
 *
 * Who writes what: a slot is the sender's while `locked` is 0, and the receiver's from the push until
 * it sets `locked` to 0 again. `head` is pushed to by compare-and-swap and emptied by exchange, so
 * that it does not matter if it has held the same slot in between.
 *
 *      CPU 0 sends                 CPU 1 sends                 CPU 2 receives
 *      head is 0
 *                                  head is 0
 *      B.next = 0
 *      cas head 0 -> B
 *                                  C.next = 0
 *                                  cas head 0 -> C: it is B
 *                                  C.next = B
 *                                  cas head B -> C
 *      it was empty: rings
 *                                  it was not: silent
 *                                                              exchange head C -> 0
 *                                                              turns C, B round; takes B, then C
 *
 * The receiver may be about to sleep when the bell rings. It says so, and looks once more:
 *
 *      CPU 0 sends                 CPU 2 goes to sleep         or, the other way round
 *                                  bell is 7                   bell is 7
 *                                  asleep = 1                  asleep = 1
 *                                  list is empty
 *      pushes                                                    (pushed just now)
 *      bell 7 -> 8                                             list is not empty: stays awake
 *      asleep is 1: notify
 *                                  waits while bell is 7:
 *                                  it is 8, stays awake
 *
 * A sender whose pool is full must take its own messages meanwhile (`whileFull`): of two CPUs that
 * each wait for the other's slot to be freed, neither would ever free one. When there is nothing to
 * take either, it sleeps on its own bell, and says that it is starved. So both a message and a free
 * slot wake it, on a host with fewer cores than threads too, where looking again and again would
 * only keep the receiver from its core:
 *
 *      CPU 0 has sent too much     CPU 2 receives              or, the other way round
 *      bell is 3                                               bell is 3
 *                                  B.locked = 0
 *                                  CPU 0 is not starved
 *      starved = 1, asleep = 1                                 starved = 1, asleep = 1
 *      B is free: stays awake                                  no slot is free, list is empty
 *                                                                (B.locked = 0)
 *                                                                (starved 1 -> 0; bell 3 -> 4; notify)
 *                                                              waits while bell is 3: it is 4, stays awake
 *
 * On a host with a core for each thread both look for a while before they sleep (`spinLoads` of the
 * window page), which spares two wake-ups a message.
 */
import type { MachineMap } from '../machine-map.ts';
import type { Memory } from '../memory/memory.ts';
import { CallQueue, Csd, type MessageKind } from '../structs/cpu.ts';
import { WindowPage } from '../structs/window.ts';
import type { CpuId, Ns, Word } from '../units.ts';

/** What the receiver makes of one message. It must copy: the slot is free when it returns. */
export type Deliver = (kind: MessageKind, origin: CpuId, a: number, b: number, due: Ns, n: number, cause: number) => void;

const { head: HEAD, bell: BELL, asleep: ASLEEP, starved: STARVED } = CallQueue.at;
const { locked: LOCKED, next: NEXT, kind: KIND, origin: ORIGIN, a: A, b: B, due: DUE, n: N, cause: CAUSE } = Csd.at;

/**
 * Sends one message from participant `from` to participant `to` (the coordinator is number `cpus`).
 * `n` is the sender's own count, by which its slots go round; `cause` is the count of the event that
 * sends. `whileFull` is called each time all slots are found taken, before it waits for one; it must
 * take the sender's own messages.
 * @linux kernel/smp.c generic_exec_single
 */
export function sendCsd(
  memory: Memory, map: MachineMap, from: CpuId, to: CpuId,
  kind: MessageKind, a: number, b: number, due: Ns, n: number, cause: number, whileFull: () => void,
): void {
  const csd = claimSlot(memory, map, from, n, whileFull);
  memory.store(csd + KIND, kind);
  memory.store(csd + ORIGIN, from);
  memory.storeLong(csd + A, a);
  memory.storeLong(csd + B, b);
  memory.storeLong(csd + DUE, due);
  memory.storeLong(csd + N, n);
  memory.storeLong(csd + CAUSE, cause);
  const queue = queueOf(map, to);
  if (llistAdd(memory, queue, csd)) ringBell(memory, queue);
}

/**
 * Takes all messages of participant `owner`, oldest first, and frees their slots. Returns how many.
 * @linux kernel/smp.c __flush_smp_call_function_queue
 */
export function takeAll(memory: Memory, map: MachineMap, owner: CpuId, deliver: Deliver): number {
  const queue = queueOf(map, owner);
  if (memory.load(queue + HEAD) === 0) return 0;
  let csd = llistReverseOrder(memory, memory.exchange(queue + HEAD, 0));
  let taken = 0;
  for (; csd !== 0; taken++) {
    const next = memory.load(csd + NEXT);
    const origin = memory.load(csd + ORIGIN);
    deliver(
      memory.load(csd + KIND) as MessageKind, origin,
      memory.loadLong(csd + A), memory.loadLong(csd + B), memory.loadLong(csd + DUE), memory.loadLong(csd + N),
      memory.loadLong(csd + CAUSE),
    );
    memory.store(csd + LOCKED, 0);
    const sender = queueOf(map, origin);
    if (memory.load(sender + STARVED) !== 0) feed(memory, sender);
    csd = next;
  }
  return taken;
}

/** Whether nothing lies in the owner's list at this moment. @linux include/linux/llist.h llist_empty */
export function isQueueEmpty(memory: Memory, map: MachineMap, owner: CpuId): boolean {
  return memory.load(queueOf(map, owner) + HEAD) === 0;
}

/**
 * Waits until somebody sends to `owner`, sleeping at most `timeoutMs` (Infinity: for ever). Returns at
 * once if the list is not empty; may return early. Threads only.
 */
export function sleepOnBell(memory: Memory, map: MachineMap, owner: CpuId, timeoutMs: number): void {
  const queue = queueOf(map, owner);
  for (let left = spinLoads(memory, map); left > 0; left--) if (memory.load(queue + HEAD) !== 0) return;
  const bell = memory.load(queue + BELL);
  memory.store(queue + ASLEEP, 1);
  if (memory.load(queue + HEAD) === 0) memory.wait(queue + BELL, bell, timeoutMs);
  memory.store(queue + ASLEEP, 0);
}

/** Wakes the owner of a queue, if it sleeps. */
function ringBell(memory: Memory, queue: number): void {
  memory.add(queue + BELL, 1);
  if (memory.load(queue + ASLEEP) !== 0) memory.notify(queue + BELL, 1);
}

/** Wakes a sender that waits for a slot, if nobody has done so yet. */
function feed(memory: Memory, queue: Word): void {
  if (memory.exchange(queue + STARVED, 0) !== 0) ringBell(memory, queue);
}

/** A slot, waiting for one if it must. */
function claimSlot(memory: Memory, map: MachineMap, from: CpuId, n: number, whileFull: () => void): Word {
  let csd = freeSlot(memory, map, from, n);
  while (csd === 0) {
    whileFull();
    awaitSlot(memory, map, from, n);
    csd = freeSlot(memory, map, from, n);
  }
  memory.store(csd + LOCKED, 1);
  return csd;
}

/**
 * Waits until a slot of `from` is free or a message lies in its list; may return early. `whileFull` may
 * have freed one, hence the look before it sleeps, which is also the second look of the film strip.
 */
function awaitSlot(memory: Memory, map: MachineMap, from: CpuId, n: number): void {
  const queue = queueOf(map, from);
  const oldest = slotOf(map, from, n);
  for (let left = spinLoads(memory, map); left > 0; left--) {
    if (memory.load(oldest + LOCKED) === 0 || memory.load(queue + HEAD) !== 0) return;
    memory.relax();
  }
  const bell = memory.load(queue + BELL);
  memory.store(queue + STARVED, 1);
  memory.store(queue + ASLEEP, 1);
  if (freeSlot(memory, map, from, n) === 0 && memory.load(queue + HEAD) === 0) memory.wait(queue + BELL, bell, Infinity);
  memory.store(queue + ASLEEP, 0);
  memory.store(queue + STARVED, 0);
}

/**
 * A slot that nobody uses, or 0. Only `from` claims in its pool, so a look and a store are enough.
 * The first look goes to slot `n`, which was last used long ago and is free as a rule.
 * @linux kernel/smp.c csd_lock
 */
function freeSlot(memory: Memory, map: MachineMap, from: CpuId, n: number): Word {
  for (let i = 0; i < map.shape.csdPool; i++) {
    const csd = slotOf(map, from, n + i);
    if (memory.load(csd + LOCKED) === 0) return csd;
  }
  return 0;
}

/** Pushes one record. True if the list was empty. @linux lib/llist.c llist_add_batch */
function llistAdd(memory: Memory, queue: Word, csd: Word): boolean {
  let first = memory.load(queue + HEAD);
  for (;;) {
    memory.store(csd + NEXT, first);
    const found = memory.cas(queue + HEAD, first, csd);
    if (found === first) return first === 0;
    first = found;
  }
}

/** Turns a taken list round in place; returns its oldest record. @linux lib/llist.c llist_reverse_order */
function llistReverseOrder(memory: Memory, newest: Word): Word {
  let oldest = 0;
  for (let csd = newest; csd !== 0; ) {
    const next = memory.load(csd + NEXT);
    memory.store(csd + NEXT, oldest);
    oldest = csd;
    csd = next;
  }
  return oldest;
}

/** Slot `n`, counted round and round, of a sender's pool. */
function slotOf(map: MachineMap, from: CpuId, n: number): Word {
  const { csdPool } = map.shape;
  return map.at.csd + (from * csdPool + (n % csdPool)) * Csd.bytes;
}

/** How often a thread looks before it sleeps. */
function spinLoads(memory: Memory, map: MachineMap): number {
  return memory.load(map.at.window + WindowPage.at.spinLoads);
}

function queueOf(map: MachineMap, participant: CpuId): Word {
  return map.at.callQueue + participant * CallQueue.bytes;
}
