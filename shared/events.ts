/**
 * Every event that a run can record: name, fields, who says it. Kernel, machine, observers and
 * oracles all read this one table; names are Linux's tracepoint names wherever Linux has one.
 *
 * A record is a row of doubles: event id, CPU, simulated ns, then the fields in this order.
 */

/** What a field's number means, so that printers need no table of their own. */
export type FieldType = 'ns' | 'cpu' | 'task' | 'timer' | 'count' | 'code';

export interface EventSchema {
  readonly id: number;
  readonly name: string;
  /** Linux's tracepoint system (`sched`, `timer`, ...), or `dynticks` for what only a simulator can say. */
  readonly system: string;
  readonly fields: readonly { readonly name: string; readonly type: FieldType }[];
}

type FieldList = Readonly<Record<string, FieldType>>;

// table: one row an event; a new one goes at the end, because the id is the row number
const table = {
  /** Begins the records of one event of a CPU: its order key and the event that caused it. */
  event: ['dynticks', { time: 'ns', class: 'code', origin: 'cpu', n: 'count', cause_origin: 'cpu', cause_n: 'count' }],

  local_timer_entry: ['irq_vectors', { vector: 'code' }],
  local_timer_exit: ['irq_vectors', { vector: 'code' }],
  reschedule_entry: ['irq_vectors', { vector: 'code' }],
  reschedule_exit: ['irq_vectors', { vector: 'code' }],
  call_function_single_entry: ['irq_vectors', { vector: 'code' }],
  call_function_single_exit: ['irq_vectors', { vector: 'code' }],
  irq_handler_entry: ['irq', { irq: 'code' }],
  irq_handler_exit: ['irq', { irq: 'code', ret: 'code' }],
  softirq_raise: ['irq', { vec: 'code' }],
  softirq_entry: ['irq', { vec: 'code' }],
  softirq_exit: ['irq', { vec: 'code' }],

  /** `clock_base`: 8 * CPU + `HrtimerBase`, the queue that it is put into. */
  hrtimer_start: ['timer', {
    hrtimer: 'timer', function: 'code', expires: 'ns', softexpires: 'ns', mode: 'code', clock_base: 'count',
  }],
  hrtimer_cancel: ['timer', { hrtimer: 'timer' }],
  hrtimer_expire_entry: ['timer', { hrtimer: 'timer', function: 'code', now: 'ns', expires: 'ns', softexpires: 'ns' }],
  hrtimer_expire_exit: ['timer', { hrtimer: 'timer' }],

  sched_switch: ['sched', { prev: 'task', prev_prio: 'code', prev_state: 'code', next: 'task', next_prio: 'code' }],
  sched_waking: ['sched', { task: 'task', prio: 'code', target_cpu: 'cpu' }],
  sched_wakeup: ['sched', { task: 'task', prio: 'code', target_cpu: 'cpu' }],
  sched_wakeup_new: ['sched', { task: 'task', prio: 'code', target_cpu: 'cpu' }],
  sched_migrate_task: ['sched', { task: 'task', prio: 'code', orig_cpu: 'cpu', dest_cpu: 'cpu' }],
  sched_process_fork: ['sched', { parent: 'task', child: 'task' }],
  sched_process_exit: ['sched', { task: 'task', prio: 'code' }],
  /** A task has run so much more; its class is told of so much now, and still to be told of what whoever asked has charged. */
  sched_stat_runtime: ['sched', { task: 'task', runtime: 'ns', told: 'ns', untold: 'ns' }],

  user_enter: ['context_tracking', { dummy: 'code' }],
  user_exit: ['context_tracking', { dummy: 'code' }],
  cpu_idle: ['power', { state: 'code', cpu_id: 'cpu' }],

  lock_acquire: ['lock', { lock: 'code', instance: 'count' }],
  lock_release: ['lock', { lock: 'code', instance: 'count' }],

  /** A message put on another participant's list: kind is a `MessageKind`. */
  csd_queue_cpu: ['csd', { cpu: 'cpu', kind: 'code', n: 'count', due: 'ns' }],
  /** The message (origin, n) reaches its handler; `since` is when its receiver was done with the event before. */
  csd_function_entry: ['csd', { origin: 'cpu', n: 'count', kind: 'code', since: 'ns' }],

  /** One tick of a CPU: mode 0 periodic, 1 by hrtimer. */
  tick: ['dynticks', { mode: 'code', jiffies: 'count', task: 'task', user: 'code' }],
  /** jiffies moved: by `ticks` to `jiffies`; `version` is the seqcount after the write. */
  jiffies_update: ['dynticks', { ticks: 'count', jiffies: 'count', last_jiffies_update: 'ns', tick_next_period: 'ns', version: 'count' }],
  /** The timekeeper was moved forward to `cycle_last`; `mult` converts from there. */
  timekeeping_update: ['dynticks', {
    cycle_last: 'count', mono: 'ns', version: 'count', fraction: 'count', mult: 'count', coarse: 'ns',
  }],
  tick_do_timer_cpu: ['dynticks', { owner: 'cpu' }],
  clockevents_switch_state: ['dynticks', { device: 'code', state: 'code' }],
  /** A device was to interrupt at `expires`; it will at `next_event`, in `ticks` of its own (0: as it was, or not at all: `result` 1). */
  clockevents_program_event: ['dynticks', {
    device: 'code', expires: 'ns', force: 'code', result: 'code', next_event: 'ns', ticks: 'count',
  }],

  /** The machine's own log: from now on this CPU is in `mode` (a `Mode`) for `task`. The truth that accounting is judged by. */
  context: ['dynticks', { mode: 'code', task: 'task' }],

  /** A write section of a task's vtime closed: version `k` of the record, as published. */
  vtime_publish: ['dynticks', {
    task: 'task', k: 'count', state: 'code', cpu: 'cpu', starttime: 'ns', utime: 'ns', stime: 'ns', gtime: 'ns',
    vtime_utime: 'ns', vtime_stime: 'ns', vtime_gtime: 'ns', stolen: 'ns', stolen_since: 'ns',
  }],
  /**
   * A reader's look at a task's CPU time: what it accepted (version k, tuple, promise p), what it made
   * of it (utime, stime at tau), and the bracket (k0, p0) before and (k1, p1) after, each promise with
   * the CPU whose it was. reader: 0 linux, 1 complete.
   */
  task_cputime: ['dynticks', {
    by: 'task', task: 'task', reader: 'code', t: 'ns', k0: 'count', p0: 'ns', k1: 'count', p1: 'ns', k: 'count', p: 'ns',
    state: 'code', starttime: 'ns', raw_utime: 'ns', raw_stime: 'ns', vtime_utime: 'ns', vtime_stime: 'ns', vtime_gtime: 'ns',
    utime: 'ns', stime: 'ns', p0_cpu: 'cpu', p1_cpu: 'cpu', retries: 'count', stolen: 'ns', stolen_since: 'ns',
  }],
  /** Linux's scaled and monotonic pair, `cputime_adjust`, as /proc would show it; `turn` counts the holdings of its lock. */
  cputime_adjust: ['dynticks', { by: 'task', task: 'task', rtime: 'ns', utime: 'ns', stime: 'ns', turn: 'count' }],
  /**
   * A reader's look at a CPU's kcpustat with pending time added: through which task's record (-1: nothing is pending), its version
   * k and promise p, and the CPU's promises before and after; passes that were thrown away, versions that went by meanwhile.
   */
  kcpustat_cpu_fetch: ['dynticks', {
    by: 'task', cpu: 'cpu', reader: 'code', t: 'ns', user: 'ns', nice: 'ns', system: 'ns', softirq: 'ns', irq: 'ns', idle: 'ns',
    iowait: 'ns', steal: 'ns', guest: 'ns', guest_nice: 'ns', task: 'task', k: 'count', state: 'code', starttime: 'ns', p: 'ns',
    p0: 'ns', p1: 'ns', stolen: 'ns', stolen_since: 'ns', retries: 'count', published: 'count',
  }],
  /** At the end of a run: a CPU's kcpustat as it stands in memory. */
  kcpustat_final: ['dynticks', {
    cpu: 'cpu', user: 'ns', nice: 'ns', system: 'ns', softirq: 'ns', irq: 'ns', idle: 'ns', iowait: 'ns', steal: 'ns',
    guest: 'ns', guest_nice: 'ns',
  }],
  /** At the end of a run: a task's record as it stands in memory (idle tasks too). */
  task_final: ['dynticks', {
    task: 'task', cpu: 'cpu', state: 'code', vtime_state: 'code', starttime: 'ns', utime: 'ns', stime: 'ns', gtime: 'ns',
    vtime_utime: 'ns', vtime_stime: 'ns', vtime_gtime: 'ns', sum_exec_runtime: 'ns', exec_start: 'ns', on_cpu: 'code', nice: 'count',
    in_iowait: 'code', nvcsw: 'count', nivcsw: 'count', run_delay: 'ns', pcount: 'count', last_arrival: 'ns',
    prev_utime: 'ns', prev_stime: 'ns', listed: 'code',
  }],

  /** rt-app's trace marks: edge 0 start, 1 end of one pass over a phase. */
  rtapp_loop: ['rtapp', { task: 'task', edge: 'code', thread_loop: 'count', phase: 'count', phase_loop: 'count' }],
  /** A task begins event `id` (its place in the declaration's file order) of type `type` (an `OpKind`). */
  rtapp_event: ['rtapp', { task: 'task', id: 'count', type: 'code' }],

  /** A cut of the scenario ran here: `index` in its list. */
  cut: ['dynticks', { index: 'count' }],

  /** A line of the kernel's log: its number in `shared/printk.ts`, and two arguments. */
  printk: ['printk', { line: 'code', a: 'count', b: 'count' }],

  /** dynamic ticks: the tick of an idle CPU was stopped, or could not be; dependency 0 is none. */
  tick_stop: ['timer', { success: 'code', dependency: 'code' }],

  /** the timer wheel */
  timer_start: ['timer', { timer: 'timer', function: 'code', expires: 'count', bucket_expiry: 'count', now: 'count', flags: 'code' }],
  timer_cancel: ['timer', { timer: 'timer' }],
  timer_expire_entry: ['timer', { timer: 'timer', function: 'code', now: 'count', baseclk: 'count' }],
  timer_expire_exit: ['timer', { timer: 'timer' }],

  timer_init: ['timer', { timer: 'timer' }],
  /** A worker thread begins and ends the work of a row of the background. */
  workqueue_execute_start: ['workqueue', { work: 'count' }],
  workqueue_execute_end: ['workqueue', { work: 'count' }],
  /**
   * A wheel was changed under its lock: `version` counts its changes, `op` (a `WheelOp`) says what was done and to which
   * timer, `now` is the jiffy that whoever did it had seen.
   */
  timer_base: ['dynticks', {
    base: 'count', version: 'count', op: 'code', timer: 'timer', expires: 'count', bucket_expiry: 'count', clk: 'count',
    next_expiry: 'count', recalc: 'code', now: 'count',
  }],
  /** result: 0 delivered, 1 ignored, 2 pending already */
  signal_generate: ['signal', { sig: 'code', task: 'task', result: 'code' }],
  signal_deliver: ['signal', { sig: 'code', task: 'task' }],
  itimer_state: ['timer', { which: 'code', task: 'task', value: 'ns', interval: 'ns' }],
  itimer_expire: ['timer', { which: 'code', task: 'task', now: 'ns' }],
  /** A POSIX timer's signal was delivered: how many periods went by without one. */
  posixtimer_deliver: ['dynticks', { timer: 'count', task: 'task', overruns: 'count' }],
  timer_gettime: ['dynticks', { timer: 'count', task: 'task', value: 'ns', interval: 'ns', overrun_last: 'count' }],
  /** What a read of a timer that is a file gave: expiries, or -ECANCELED. */
  timerfd_read: ['dynticks', { timerfd: 'count', task: 'task', ticks: 'count' }],
  /** A signal ended a sleep, and how much of it was left. */
  nanosleep_interrupted: ['dynticks', { task: 'task', rest: 'ns' }],
  /** The interrupt gave up catching up with timers, after so long. */
  hrtimer_hang: ['dynticks', { took: 'ns' }],
  /** hrtimers: `clockid` and `mode` as Linux numbers them */
  hrtimer_init: ['timer', { hrtimer: 'timer', clockid: 'code', mode: 'code' }],

  /** A CPU passes a state of stop-machine. */
  multi_stop_state: ['dynticks', { state: 'code' }],

  /** A sleep of an idle CPU begins (active 1) or ends: the record as published; `version` is the seqcount, `flags` are `TickFlag`s. */
  idle_sleep: ['dynticks', {
    version: 'count', active: 'code', entrytime: 'ns', sleeptime: 'ns', iowait_sleeptime: 'ns', flags: 'code',
  }],
  /**
   * A look for the next event of an idle CPU: from the jiffy (`basej`, `basem`) on, the wheel's first timer, and when it
   * must wake (0: keep the tick).
   */
  tick_nohz_next_event: ['dynticks', { basej: 'count', basem: 'ns', next_timer: 'ns', expires: 'ns', duty: 'code' }],
  /**
   * An attempt to stop the tick is over: counts so far, when this CPU must wake (0: the tick stays), what the stopped tick
   * is programmed for, and the look that is left over.
   */
  tick_nohz_idle_stop: ['dynticks', {
    calls: 'count', sleeps: 'count', flags: 'code', expires: 'ns', next_tick: 'ns', last_tick: 'ns', timer_expires_base: 'ns',
  }],
  /** The tick of an idle CPU goes on, on the grid that it had: its next expiry. */
  tick_nohz_restart: ['dynticks', { last_tick: 'ns', now: 'ns', expires: 'ns' }],
  /** Ticks that did not come are charged to idle when it is over. */
  account_idle_ticks: ['dynticks', { ticks: 'count', jiffies: 'count', idle_jiffies: 'count' }],
  /** A reader's look at how long a CPU has slept; category 0 idle, 1 I/O wait; `version` is the one accepted. */
  cpu_idle_time: ['dynticks', {
    by: 'task', cpu: 'cpu', version: 'count', now: 'ns', idle: 'ns', iowait: 'ns', retries: 'count', published: 'count',
  }],
  /** A busy CPU asks an idle one to balance: `flags` are `NohzFlag`s. */
  nohz_kick: ['dynticks', { cpu: 'cpu', flags: 'code' }],
  /** A window of the load average is over: `active` in units of 2^11. */
  calc_global_load: ['dynticks', { jiffies: 'count', active: 'count', load1: 'count', load5: 'count', load15: 'count' }],

  // at the end of a run: what /proc and /sys print, as it stands in memory

  /** A CPU's counters: interrupts by row of /proc/interrupts, runs of each softirq, its run queue. */
  cpu_final: ['dynticks', {
    cpu: 'cpu', online: 'code', loc: 'count', res: 'count', cal: 'count', iwi: 'count', line0: 'count',
    hi: 'count', timer: 'count', net_tx: 'count', net_rx: 'count', block: 'count', irq_poll: 'count', tasklet: 'count', sched: 'count',
    hrtimer: 'count', rcu: 'count', nr_running: 'count', nr_switches: 'count', nr_iowait: 'count',
    curr: 'task', isolated: 'code', cpu_time: 'ns', run_delay: 'ns', pcount: 'count',
  }],
  /** A CPU's tick; `mono` is CLOCK_MONOTONIC there and then, `flags` are `TickFlag`s. */
  tick_sched_final: ['dynticks', {
    cpu: 'cpu', mono: 'ns', flags: 'code', last_tick: 'ns', idle_active: 'code',
    idle_jiffies: 'count', idle_calls: 'count', idle_sleeps: 'count', idle_entrytime: 'ns', idle_waketime: 'ns', idle_exittime: 'ns',
    idle_sleeptime: 'ns', iowait_sleeptime: 'ns', last_jiffies: 'count', next_timer: 'ns', idle_expires: 'ns', jiffies: 'count',
  }],
  /** A CPU's hrtimer queues; offsets of the real, boot and TAI clocks from the monotonic one, as this CPU knows them. */
  hrtimer_cpu_base_final: ['dynticks', {
    cpu: 'cpu', expires_next: 'ns', hres_active: 'code', nr_events: 'count', nr_retries: 'count', nr_hangs: 'count', max_hang_time: 'ns',
    offs_real: 'ns', offs_boot: 'ns', offs_tai: 'ns',
  }],
  /** An hrtimer that is queued; `base` is its clock base, 0 to 7, and `order` decides among equal expiries. */
  hrtimer_final: ['dynticks', {
    hrtimer: 'timer', cpu: 'cpu', base: 'code', function: 'code', softexpires: 'ns', expires: 'ns', order: 'count',
  }],
  /** A clock event device: a CPU's tick device, or (cpu -1) the global one that none of them has. tick_mode: 0 periodic, 1 one-shot. */
  clock_event_device_final: ['dynticks', {
    cpu: 'cpu', device: 'code', tick_mode: 'code', state: 'code', handler: 'code', mult: 'count', shift: 'count', min_delta_ns: 'ns',
    max_delta_ns: 'ns', next_event: 'ns', retries: 'count',
  }],
  /** A clock source that the machine may choose, best first. */
  clocksource_final: ['dynticks', { source: 'code', rating: 'count', current: 'code', valid_for_hres: 'code' }],
  /** The machine as a whole; `nohz_active`: 1 once any CPU's tick may stop. Loads are in 1/2048. */
  system_final: ['dynticks', {
    mono: 'ns', offs_real: 'ns', offs_boot: 'ns', offs_tai: 'ns', jiffies: 'count', nohz_active: 'code', load1: 'count', load5: 'count',
    load15: 'count',
  }],
  /** A function that was called on this CPU has returned; its message was `n` of `origin`. */
  csd_function_exit: ['csd', { origin: 'cpu', n: 'count', kind: 'code' }],
  /** The record by which `function` is called on `cpu` was locked, and unlocked: `owner` made the call; kind is a `MessageKind`. */
  csd_lock: ['dynticks', { owner: 'cpu', cpu: 'cpu', function: 'code', kind: 'code' }],
  csd_unlock: ['dynticks', { owner: 'cpu', cpu: 'cpu', function: 'code', kind: 'code' }],
  /** A CPU calls `function` on `targets` others, and waits for them or not; irqs_off: with interrupts masked. */
  smp_call_function_many: ['dynticks', { function: 'code', targets: 'count', wait: 'code', irqs_off: 'code' }],
  /** It has waited: all of them have made the call. */
  smp_call_function_done: ['dynticks', { function: 'code' }],
  call_function_entry: ['irq_vectors', { vector: 'code' }],
  call_function_exit: ['irq_vectors', { vector: 'code' }],
  /** A CPU asks that the machine stand still, and what it runs meanwhile. */
  stop_machine: ['dynticks', { function: 'code', cpus: 'count' }],
  stop_machine_function: ['dynticks', { function: 'code', arg: 'count' }],
  irq_work_entry: ['irq_vectors', { vector: 'code' }],
  irq_work_exit: ['irq_vectors', { vector: 'code' }],
  /** A device registers: what it can do and cannot. `name` is a `ClockEventName`. */
  clockevents_register_device: ['dynticks', {
    device: 'code', name: 'code', features: 'code', rating: 'count', cpumask: 'cpu', hz: 'count', mult: 'count', shift: 'count',
    min_ticks: 'count', max_ticks: 'count', min_delta: 'ns', max_delta: 'ns',
  }],
  /** A device lets go of its user and another takes its place; 0 is none. */
  clockevents_exchange_device: ['dynticks', { old: 'code', new: 'code' }],
  /** The least distance of a device's events grew. */
  clockevents_min_delta: ['dynticks', { device: 'code', old: 'ns', new: 'ns' }],
  /** What drives this CPU's tick from now on, in which mode, and what its interrupt calls (a `TickHandler`). */
  tick_device: ['dynticks', { device: 'code', mode: 'code', handler: 'code' }],

  /** The timekeeper was changed otherwise than by the passing of time (a `TimekeepingAction`): all that hangs on it, as published. */
  timekeeping_change: ['dynticks', {
    action: 'code', source: 'code', mult: 'count', wall_to_monotonic: 'ns', offs_real: 'ns', offs_boot: 'ns', offs_tai: 'ns',
    tai_offset: 'count', clock_was_set_seq: 'count', cs_was_changed_seq: 'count', freq: 'count', version: 'count',
    shift: 'count', cs_mult: 'count', maxadj: 'count',
  }],
  /** A clock source as it stands on the list: its place (0: not on it), rating, a set of `ClocksourceFlag`. */
  clocksource_state: ['dynticks', { source: 'code', order: 'count', rating: 'count', flags: 'code' }],
  /** A look for the source to use: what it found, what was in use; oneshot: the tick is; override: whom the user asked for. */
  clocksource_select: ['dynticks', { best: 'code', current: 'code', oneshot: 'code', override: 'code', skip_current: 'code' }],
  irq_work_run: ['dynticks', { work: 'code' }],
  /** The watchdog has looked: ns that each counter says have passed since it looked last, what they may differ by, a `WatchdogVerdict`. */
  clocksource_watchdog: ['dynticks', {
    source: 'code', watchdog: 'code', cs_nsec: 'ns', wd_nsec: 'ns', margin: 'ns', verdict: 'code',
  }],
  /**
   * A clock was set (a `TimekeepingAction`), or the call refused; the offset of real time in both timekeepers then, and how
   * their counters differ.
   */
  timekeeping_set: ['dynticks', {
    action: 'code', value: 'count', result: 'count', offs_real: 'ns', shadow_offs_real: 'ns', shadow_ahead: 'count',
  }],
  /** A task has read a clock (a `ClockId`) when its CPU's clock stood at `t`. */
  clock_gettime: ['dynticks', { by: 'task', clock: 'code', t: 'ns', value: 'ns' }],
  /** `profile=`: a tick notes what it interrupts: the task, the side of the border, and the operation under way (an `OpKind`). */
  profile_hit: ['dynticks', { task: 'task', user: 'code', type: 'code' }],
  /** RCU: grace period `gp_seq` begins (gpevent 0) or ends (1). */
  rcu_grace_period: ['rcu', { gp_seq: 'count', gpevent: 'code' }],
  /** A task has another nice value from now on. */
  sched_set_nice: ['dynticks', { task: 'task', nice: 'count' }],
  /** A reader's look at a task's time as guest; fields as in `task_cputime`. */
  task_gtime: ['dynticks', {
    by: 'task', task: 'task', reader: 'code', t: 'ns', k0: 'count', p0: 'ns', k1: 'count', p1: 'ns', k: 'count', p: 'ns',
    state: 'code', starttime: 'ns', raw_gtime: 'ns', vtime_gtime: 'ns', gtime: 'ns', p0_cpu: 'cpu', p1_cpu: 'cpu',
    stolen: 'ns', stolen_since: 'ns', retries: 'count',
  }],
  /**
   * A reader's look at a process, by a thread of it: version of the record of dead threads, live threads, the first and the last
   * instant for which a thread's part is true, the sums.
   */
  thread_group_cputime: ['dynticks', {
    by: 'task', task: 'task', reader: 'code', t: 'ns', version: 'count', threads: 'count', tau0: 'ns', tau1: 'ns',
    utime: 'ns', stime: 'ns', rtime: 'ns', retries: 'count', published: 'count',
  }],
  /** As `cputime_adjust`, of those sums. */
  thread_group_cputime_adjusted: ['dynticks', { by: 'task', task: 'task', rtime: 'ns', utime: 'ns', stime: 'ns', turn: 'count' }],
  /** A reader has read a CPU clock (a `CpuClock`) of a thread, or of the whole process. */
  cpu_clock_sample: ['dynticks', { by: 'task', task: 'task', clock: 'code', thread: 'code', t: 'ns', value: 'ns' }],
  /** What a reader was told of a process (who 0), of the children that it has waited for (-1), or of a thread (1). */
  getrusage: ['dynticks', { by: 'task', task: 'task', who: 'code', t: 'ns', utime: 'ns', stime: 'ns', nvcsw: 'count', nivcsw: 'count' }],
  /** A reader's look at one of a CPU's accounts (a `Cpustat`); fields as in `kcpustat_cpu_fetch`. */
  kcpustat_field: ['dynticks', {
    by: 'task', cpu: 'cpu', reader: 'code', t: 'ns', usage: 'code', value: 'ns', task: 'task', k: 'count', state: 'code',
    starttime: 'ns', p: 'ns', p0: 'ns', p1: 'ns', stolen: 'ns', stolen_since: 'ns', retries: 'count', published: 'count',
  }],
  /**
   * A thread's times are its process's from now on, in version `k` of that one's sums: as `task_cputime` saw them, and as they
   * were in full.
   */
  exit_signal: ['dynticks', {
    task: 'task', k: 'count', utime: 'ns', stime: 'ns', gtime: 'ns', rtime: 'ns', full_utime: 'ns', full_stime: 'ns', full_gtime: 'ns',
  }],
  /** A task's process takes the times of a child that is over, by a thread of that; `cutime` and the others include them now. */
  wait_task_zombie: ['dynticks', {
    by: 'task', child: 'task', utime: 'ns', stime: 'ns', gtime: 'ns', cutime: 'ns', cstime: 'ns', cgtime: 'ns',
  }],
  /** Another CPU has done the tick of one whose own is stopped: the task that runs there, and its run time since then. */
  sched_tick_remote: ['dynticks', { cpu: 'cpu', task: 'task', runtime: 'ns' }],
  /** A reader's look at what /proc/uptime shows: boot time, and idle time of all CPUs together, begun at `t`. */
  proc_uptime: ['dynticks', { by: 'task', reader: 'code', t: 'ns', uptime: 'ns', idle: 'ns', retries: 'count', published: 'count' }],
  /**
   * At the end of a run: what stands in memory of a process, by its leader: times of threads that are gone (`rest_`: what Linux's
   * reader leaves out), of children that were waited for, and what its filter has handed out.
   */
  process_final: ['dynticks', {
    task: 'task', threads: 'count', utime: 'ns', stime: 'ns', gtime: 'ns', rtime: 'ns', rest_utime: 'ns', rest_stime: 'ns',
    rest_gtime: 'ns', cutime: 'ns', cstime: 'ns', cgtime: 'ns', prev_utime: 'ns', prev_stime: 'ns',
  }],
  /**
   * A timer on a CPU clock is set (`task` did) or has fired (`task` found it): which clock (a `CpuClock`), of a thread or the whole
   * process, a POSIX timer's number or -1, what that clock shows, when it is due by it (0: off), its period, and in how long it was
   * asked for.
   */
  cputimer_arm: ['dynticks', {
    task: 'task', clock: 'code', thread: 'code', timer: 'count', sample: 'ns', expires: 'ns', interval: 'ns', value: 'ns',
  }],
  cputimer_expire: ['dynticks', {
    task: 'task', clock: 'code', thread: 'code', timer: 'count', sample: 'ns', expires: 'ns', interval: 'ns',
  }],
  /** At the end of a run: where a task may run, 32 CPUs a field. */
  task_cpus_final: ['dynticks', {
    task: 'task', cpus0: 'count', cpus1: 'count', cpus2: 'count', cpus3: 'count', cpus4: 'count', cpus5: 'count', cpus6: 'count',
    cpus7: 'count',
  }],
  /** What a reader was told of a process and of the children that it has waited for, in clock ticks. */
  times: ['dynticks', { by: 'task', task: 'task', utime: 'count', stime: 'count', cutime: 'count', cstime: 'count' }],
  /** A CPU with flavour tick+irqtime times its interrupts from now on, or does not any more. */
  sched_clock_irqtime: ['dynticks', { enabled: 'code' }],
  /** The running task bears the mark of a guest (PF_VCPU) from here to `guest_exit`, whatever interrupts or preempts it. */
  guest_enter: ['context_tracking', { task: 'task' }],
  guest_exit: ['context_tracking', { task: 'task' }],
  /** A CPU charges stolen time; `fresh` is what its steal clock has gained since it was charged last. */
  account_steal_time: ['dynticks', { steal: 'ns', fresh: 'ns' }],
  /** A CPU's hypervisor begins a new record of what it took: the steal clock goes on from `steal`; so much of it is charged. */
  steal_clock_restart: ['dynticks', { steal: 'ns', prev_steal_time: 'ns' }],
} as const satisfies Record<string, readonly [string, FieldList]>;

export type EventName = keyof typeof table;

export const EVENTS: readonly EventSchema[] = Object.entries(table).map(([name, [system, fields]], id) => ({
  id,
  name,
  system,
  fields: Object.entries(fields as FieldList).map(([field, type]) => ({ name: field, type })),
}));

/** Event ids by name: `Event.sched_switch`. */
export const Event = Object.fromEntries(EVENTS.map((e) => [e.name, e.id])) as { readonly [K in EventName]: number };

/** Doubles before the fields of a record: event id, CPU, time. */
export const ROW_HEAD = 3;
/** Fields of each event by id. */
export const EVENT_ARITY: readonly number[] = EVENTS.map((e) => e.fields.length);

/** What a CPU is really doing (the `context` event). */
export const Mode = { User: 0, System: 1, Softirq: 2, Irq: 3, Idle: 4, Guest: 5, Steal: 6 } as const;
export type Mode = (typeof Mode)[keyof typeof Mode];

/** Class of an event in the order of events at one instant; End: the last records of a CPU, when the run is over. */
export const EventClass = { Device: 0, Ipi: 1, Timer: 2, Step: 3, End: 4 } as const;
export type EventClass = (typeof EventClass)[keyof typeof EventClass];
