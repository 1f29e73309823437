/**
 * The timers of one clock base: a skew heap through links in the timers' own records, least hard expiry
 * first, equal expiries in the order of their insertion. The holder of the base's lock may touch it.
 * (Linux keeps a red-black tree; the order is the same.)
 *
 * There is one operation, the merge of two heaps: it walks down their right sides and swaps left and right
 * on its way, which keeps them short on average. An insertion merges with a single timer, a removal merges
 * the two heaps below it.
 */
import type { MachineMap } from '../../../shared/machine-map.ts';
import { HRTIMER_MAX_CLOCK_BASES, HrtimerState, type Hrtimer } from '../../../shared/structs/hrtimer.ts';
import { NONE, type CpuId, type TimerId } from '../../../shared/units.ts';
import type { KernelImage } from '../image.ts';

type Timers = readonly Hrtimer[];

/** The timer of a base that expires first, or `NONE`. @linux include/linux/timerqueue.h timerqueue_getnext */
export function timerqueueGetnext(image: KernelImage, clockBase: number): TimerId {
  return image.hrtimerBases[cpuOfBase(clockBase)]!.root(indexOfBase(clockBase));
}

/** Which CPU's a base is. @linux include/linux/hrtimer_defs.h hrtimer_clock_base.cpu_base */
export function cpuOfBase(clockBase: number): CpuId {
  return clockBase >> 3;
}

/** Which of its CPU's bases it is, a `HrtimerBase`. @linux include/linux/hrtimer_defs.h hrtimer_clock_base.index */
export function indexOfBase(clockBase: number): number {
  return clockBase & (HRTIMER_MAX_CLOCK_BASES - 1);
}

/** Adds a timer whose `expires` is set. True: it is the first of its base now. @linux lib/timerqueue.c timerqueue_add */
export function timerqueueAdd(image: KernelImage, clockBase: number, timer: TimerId): boolean {
  const base = image.hrtimerBases[cpuOfBase(clockBase)]!;
  const index = indexOfBase(clockBase);
  const record = image.timers[timer]!;
  const order = base.nextOrder;
  base.nextOrder = order + 1;
  record.order = order;
  record.left = NONE;
  record.right = NONE;
  record.parent = NONE;
  const old = base.root(index);
  const root = old === NONE ? timer : merge(image.timers, old, timer);
  if (root !== old) base.setRoot(index, root);
  return root === timer;
}

/** Takes a timer out. True: there are others. @linux lib/timerqueue.c timerqueue_del */
export function timerqueueDel(image: KernelImage, clockBase: number, timer: TimerId): boolean {
  const { timers } = image;
  const { left, right, parent } = timers[timer]!;
  const below = mergeOrEither(timers, left, right);
  if (below !== NONE) timers[below]!.parent = parent;
  if (parent !== NONE) {
    const above = timers[parent]!;
    if (above.left === timer) above.left = below;
    else above.right = below;
    return true;
  }
  image.hrtimerBases[cpuOfBase(clockBase)]!.setRoot(indexOfBase(clockBase), below);
  return below !== NONE;
}

function mergeOrEither(timers: Timers, a: TimerId, b: TimerId): TimerId {
  if (a === NONE) return b;
  return b === NONE ? a : merge(timers, a, b);
}

/** One heap of two that are not empty; returns its first, whose parent is the caller's affair. */
function merge(timers: Timers, a: TimerId, b: TimerId): TimerId {
  const first = isBefore(timers[b]!, timers[a]!) ? b : a;
  let at = first;
  let other = first === a ? b : a;
  for (;;) {
    const record = timers[at]!;
    const side = record.right;
    record.right = record.left;
    if (side === NONE) {
      hang(timers, record, at, other);
      return first;
    }
    const next = isBefore(timers[other]!, timers[side]!) ? other : side;
    if (next === other) other = side;
    hang(timers, record, at, next);
    at = next;
  }
}

function hang(timers: Timers, above: Hrtimer, at: TimerId, below: TimerId): void {
  above.left = below;
  timers[below]!.parent = at;
}

function isBefore(a: Hrtimer, b: Hrtimer): boolean {
  const x = a.expires;
  const y = b.expires;
  return x < y || (x === y && a.order < b.order);
}

/**
 * All timers of a base in the order in which they expire. Allocates: for texts and tests.
 * @linux include/linux/timerqueue.h timerqueue_iterate_next
 */
export function timerqueueInOrder({ timers, map }: { readonly timers: Timers; readonly map: MachineMap }, clockBase: number): TimerId[] {
  const queued = Array.from({ length: map.timers }, (_, timer): TimerId => timer)
    .filter((timer) => timers[timer]!.state === HrtimerState.Enqueued && timers[timer]!.clockBase === clockBase);
  return queued.sort((a, b) => (isBefore(timers[a]!, timers[b]!) ? -1 : 1));
}
