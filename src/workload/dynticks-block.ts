/**
 * The `dynticks` block of a scenario: the machine, and who reads whose CPU time. One schema checks
 * it, gives it its types and is shipped as JSON Schema. Times and frequencies carry their unit.
 * The message of each rule says what is expected, as a noun; `readBlock` adds the place.
 */
import { z } from 'zod';
import { CPUTIME_FLAVOURS } from '../../shared/cputime-flavour.ts';
import { AGE_MAX_NS, CSD_POOL_MAX, NR_CPUS_MAX } from '../../shared/limits.ts';
import { Path } from '../kernel/arch.ts';
import { KTHREAD_TIMERS } from '../kernel/background.ts';
import { GLOBAL_DEVICE_NAMES, LOCAL_DEVICE_NAMES } from '../kernel/time/clockevent-devices.ts';
import { allOr, choice, cpu, flag, frequency, instant, integer, name, rate, signedTime, text, time, timeWithin } from './block-parts.ts';
import { CLOCK_IDS, type ClockName } from './clock-names.ts';
import { CLOCKSOURCE_HZ, type ClocksourceName, HZ_CHOICES, SKEW_MAX_NS, WIDEN_MAX_NS } from './defaults.ts';
import { READ_VIEW_NAMES } from './read-views.ts';
import { POLICIES } from './rtapp/grammar.ts';

const skew = timeWithin(1, SKEW_MAX_NS);
const widen = timeWithin(0, WIDEN_MAX_NS);

const pathNames = Object.keys(Path) as [keyof typeof Path, ...(keyof typeof Path)[]];
const costError = `costs by the kernel's paths: ${pathNames.join(', ')}`;

const clockevents = z.strictObject({
  local: choice(LOCAL_DEVICE_NAMES).optional().describe('each CPU’s own device'),
  alwaysOn: flag.optional().describe('whether that one goes on in every idle state'),
  oneshot: flag.optional().describe('whether that one can be programmed for a single event'),
  global: z.array(choice(GLOBAL_DEVICE_NAMES), { error: 'an array of "pit" and "hpet"' }).optional()
    .describe('devices of the whole machine, in the order in which the kernel finds them'),
  hpet: frequency.optional().describe('frequency of the HPET'),
}, { error: 'clock event devices (an object)' });

const idleState = z.strictObject({
  name: name('a name').describe('as sysfs shows it'),
  exitLatency: time.describe('from the interrupt to the first instruction'),
  targetResidency: time.describe('how long a sleep must be for the state to pay off'),
  timerStop: flag.optional().describe('whether the CPU’s event device stops in it'),
}, { error: 'an idle state (an object)' });

const cpuidle = z.strictObject({
  governor: choice(['menu', 'ladder']).optional().describe('who chooses the state; missing: menu'),
  states: z.array(idleState, { error: 'an array of idle states' }).min(1, { error: 'at least one idle state' })
    .describe('the driver’s states, shallowest first'),
}, { error: 'a driver for idle states (an object)' });

const clocksource = z.strictObject({
  frequency: frequency.optional().describe('what the kernel takes for its frequency'),
  drift: rate.optional().describe('how far from that it really is'),
  verify: flag.optional().describe('whether the kernel has its watchdog verify it; only the tsc can need it'),
}, { error: 'a clock source (an object)' });

const clocksources = z.strictObject(
  Object.fromEntries(Object.keys(CLOCKSOURCE_HZ).map((source) => [source, clocksource.optional()])) as
    Record<ClocksourceName, z.ZodOptional<typeof clocksource>>,
  { error: 'clock sources by name (an object)' },
);

const sourceNames = Object.keys(CLOCKSOURCE_HZ) as [ClocksourceName, ...ClocksourceName[]];

const event = z.strictObject({
  at: instant.describe('when, in simulated time'),
  drift: z.strictObject({ source: z.enum(sourceNames, { error: 'a clock source' }), by: rate }, { error: 'a source and a rate' }).optional()
    .describe('from now on a counter runs so far from its frequency'),
  skew: z.strictObject({ cpu, by: signedTime }, { error: 'a CPU and a time' }).optional()
    .describe('the tsc of one CPU jumps ahead, or back'),
  stall: z.strictObject({ cpu: cpu.optional(), for: time }, { error: 'a time, and perhaps a CPU' }).optional()
    .describe('the firmware takes a processor, or all of them, for so long'),
  settime: signedTime.optional().describe('a task sets the wall clock so far ahead, or back (clock_settime)'),
  setoffset: signedTime.optional().describe('the same, but told by how much (adjtimex, ADJ_SETOFFSET)'),
  tai: integer('TAI minus UTC in seconds', 0, 100_000).optional().describe('a task says how far TAI is ahead of UTC'),
  frequency: rate.optional().describe('a task has the clocks run so much faster (adjtimex, ADJ_FREQUENCY)'),
  clocksource: z.enum(['', 'jiffies', ...sourceNames], { error: 'a clock source, or "" for the best' }).optional()
    .describe('a task writes to sysfs’ current_clocksource'),
  unbind: z.enum(['jiffies', ...sourceNames], { error: 'a clock source' }).optional().describe('a task writes to unbind_clocksource'),
  unbindDevice: cpu.optional().describe('a task writes to unbind_device of a CPU’s tick device'),
}, { error: 'an event (an object)' }).refine((each) => Object.keys(each).length === 2, { error: 'one thing that happens, beside "at"' });

const steal = z.strictObject({
  cpu: cpu.describe('whose processor it takes'),
  at: instant.describe('when, in simulated time'),
  for: time.optional().describe('for how long the CPU has no processor; one that is halted misses it from when it wants to run'),
  every: time.optional().describe('its period; missing: once'),
  restarts: flag.optional().describe('true: the hypervisor’s record of what it took begins anew at 0, as after a migration'),
}, { error: 'a theft (an object)' })
  .refine(({ for: length, restarts }) => (length === undefined) === (restarts === true), { error: 'one of "for" and "restarts": true' })
  .refine(({ for: length, every }) => every === undefined || (length !== undefined && every > length), {
    error: 'a period longer than "for"', path: ['every'],
  });

const machine = z.strictObject({
  tsc: frequency.optional().describe('frequency of the counter that the tsc clock source reads'),
  clocksources: clocksources.optional().describe('the counters that there are, beside jiffies; missing: those of a PC'),
  lapic: frequency.optional().describe('frequency of each CPU’s event device'),
  clockevents: clockevents.optional().describe('which event devices there are'),
  cpuidle: cpuidle.optional().describe('idle states; missing: a CPU halts, and no governor foresees for how long'),
  ipiDelay: time.optional().describe('way of a message from one CPU to another'),
  messageSlots: integer('a number of slots', 1, CSD_POOL_MAX).optional().describe('messages that one CPU may have under way'),
  costs: z.partialRecord(z.enum(pathNames, { error: costError }), time, { error: costError }).optional()
    .describe('how long a path through the kernel takes'),
}, { error: 'a machine (an object)' });

/** As the system calls name them; the last two are the kernel's own. */
export const CLOCK_NAMES = Object.keys(CLOCK_IDS) as [ClockName, ...ClockName[]];

const readerPolicies = Object.keys(POLICIES).filter((policy) => policy !== 'SCHED_DEADLINE');

const reader = z.strictObject({
  name: name('a name').describe('name of the reader’s task; cuts refer to it'),
  cpu: cpu.optional().describe('where it runs; missing: anywhere'),
  every: time.optional().describe('its period; missing: one look right after the other'),
  from: choice(['task', 'timer', 'coordinator']).optional()
    .describe('who looks; missing: its task. timer: an interrupt of its CPU; coordinator: nobody of the machine; both take no locks'),
  delay: time.optional().describe('when it begins, after user space has; missing: at once'),
  grid: z.boolean({ error: 'true or false' }).optional()
    .describe('it looks at whole multiples of its period since boot, and leaves out those for which it comes late'),
  what: z.array(choice(READ_VIEW_NAMES), { error: 'an array of views' }).min(1, { error: 'at least one view' }).optional()
    .describe('how it looks, by Linux’s names; missing: "task_cputime" of tasks, "stat" of processes, "kcpustat" of CPUs'),
  tasks: allOr(name('a task'), 'task names').optional().describe('tasks whose CPU time it reads, all instances; readers are tasks, too'),
  processes: allOr(name('a process'), 'process names').optional()
    .describe('processes whose CPU time it reads, by their names or that of a task of theirs'),
  cpus: allOr(cpu, 'CPUs').optional().describe('CPUs whose times it reads'),
  clocks: allOr(z.enum(CLOCK_NAMES, { error: `a clock: ${CLOCK_NAMES.join(', ')}` }), 'clocks').optional().describe('clocks that it reads'),
  adjusted: z.boolean({ error: 'true or false' }).optional().describe('also the scaled pair that /proc shows'),
  reader: choice(['linux', 'complete']).optional().describe('how it reads; missing: as the whole scenario'),
  policy: choice(readerPolicies).optional(),
  priority: integer('a nice value or a real-time priority', -20, 99).optional(),
}, { error: 'a reader (an object)' });

const kthread = z.strictObject({
  name: name('a name').describe('name of its thread, or of what its timer runs'),
  cpu: cpu.optional().describe('where it works; missing: wherever its thread wakes'),
  every: time.describe('its period'),
  work: time.describe('how long it works each time'),
  timer: choice(KTHREAD_TIMERS).describe(
    'delayed_work: a worker thread does it; process_timeout: a thread of its own that sleeps on the wheel; '
    + 'deferrable_work: by a worker thread once the CPU is awake; deferrable: in the softirq once the CPU is awake; '
    + 'hrtimer: a real-time thread',
  ),
}, { error: 'a kernel thread (an object)' });

const taskNames = z.array(name('a task'), { error: 'an array of task names' }).min(1, { error: 'at least one task' });
const age = timeWithin(0, AGE_MAX_NS);

const process = z.union([
  taskNames,
  z.strictObject({
    tasks: taskNames.describe('tasks whose instances and forks are its threads'),
    age: z.strictObject({
      user: age.optional().describe('user time'),
      system: age.optional().describe('system time'),
    }, { error: '{"user": time, "system": time}' }).optional().describe('times of threads that were dead at boot'),
  }),
], { error: 'an array of task names, or {"tasks": [names], "age": {"user": time, "system": time}}' });

const kthreads = z.union([z.literal('linux'), z.array(kthread)], { error: '"linux" or an array of kernel threads' });

const cut = z.strictObject({
  cpu,
  event: z.strictObject({
    entry: choice(['timer', 'ipi', 'device', 'step']),
    n: integer('a number', 0, Number.MAX_SAFE_INTEGER),
  }, { error: '{"entry": ..., "n": ...}' }).describe('the n-th event of that entry on the CPU, 0 first'),
  access: z.strictObject({
    struct: name('a struct'),
    field: name('a field'),
    op: choice(['load', 'store']),
    n: integer('a number', 0, Number.MAX_SAFE_INTEGER),
  }, { error: '{"struct": ..., "field": ..., "op": ..., "n": ...}' }).describe('the n-th touch of that field in the event, 0 first'),
  run: z.union([
    z.strictObject({ irq: z.literal('timer') }),
    z.strictObject({ reader: name('a reader') }),
    z.strictObject({ cpu }),
  ], { error: '{"irq": "timer"}, {"reader": name} or {"cpu": number}' }).describe('what runs right after that touch'),
}, { error: 'a cut (an object)' });

const hzError = HZ_CHOICES.join(' or ');

export const dynticksBlock = z.strictObject({
  cpus: integer('a number of CPUs', 1, NR_CPUS_MAX).optional(),
  cmdline: text('a kernel command line').optional().describe('Linux’s own boot parameters'),
  hz: z.union(HZ_CHOICES.map((hz) => z.literal(hz)), { error: hzError }).optional().describe('ticks per second'),
  epoch: z.iso.datetime({ error: 'a date and time such as "2026-01-01T00:00:00Z"' }).optional().describe('wall clock at boot'),
  machine: machine.optional(),
  events: z.array(event, { error: 'an array of events' }).optional().describe('what happens to the machine’s clocks, and when'),
  readers: z.array(reader, { error: 'an array of readers' }).optional(),
  processes: z.record(z.string(), process, { error: 'processes by name (an object)' }).optional()
    .describe('tasks that are threads of one process; any other is a process of its own'),
  kthreads: kthreads.optional().describe('what the kernel does by itself: as this version of Linux, or as listed; missing: nothing'),
  steal: z.array(steal, { error: 'an array of thefts' }).optional()
    .describe('the machine is a guest: when a hypervisor lets others run on its processors'),
  tickOff: z.array(cpu, { error: 'an array of CPUs' }).optional()
    .describe('CPUs of nohz_full= whose tick is off while a task runs there, whatever needs it'),
  faults: z.array(name('a fault'), { error: 'an array of faults' }).optional().describe('bugs that are switched on'),
  seed: integer('a seed', 0, Number.MAX_SAFE_INTEGER).optional(),
  kernel: text('a kernel version').optional(),
  cputime: choice(['auto', ...CPUTIME_FLAVOURS]).optional().describe('how CPU time is accounted'),
  reader: choice(['linux', 'complete']).optional().describe('how readers read, where they do not say'),
  ties: choice(['fixed', 'shuffled']).optional().describe('order of events at one instant'),
  reads: choice(['racing', 'fresh']).optional()
    .describe('where CPUs race: whether a read of another CPU’s record waits until that CPU has come so far'),
  skew: skew.optional().describe('where CPUs race: how far they may stand apart; missing: a quarter tick'),
  widen: widen.optional()
    .describe('where CPUs race: host time up to which a fault that is switched on pauses where it does its harm; missing: none'),
  cuts: z.array(cut, { error: 'an array of cuts' }).optional(),
  duration: time.optional(),
}, { error: 'a dynticks block (an object)' });

export type DynticksBlock = z.infer<typeof dynticksBlock>;

/** The block's form as JSON Schema, for editors. */
export function dynticksJsonSchema(): object {
  return {
    $id: 'https://dynticks.dev/schema/dynticks-block.json',
    title: 'The dynticks block of a scenario',
    ...z.toJSONSchema(dynticksBlock, { io: 'input' }),
  };
}
