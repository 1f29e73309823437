/** Linux's boot parameters, as far as the machine knows them. Placeholder of the type; see parseCmdline. */
export interface CommandLine {
  /** As given, whitespace normalised. */
  readonly text: string;
  readonly highres: boolean;
  readonly nohz: boolean;
  readonly skewTick: boolean;
  readonly clocksource: string | null;
  readonly nolapicTimer: boolean;
  /** CPUs of nohz_full=, null when absent. They get context tracking (VIRT_CPU_ACCOUNTING_GEN). */
  readonly nohzFull: readonly number[] | null;
  readonly maxcpus: number | null;
  /** Parameters that Linux has and this machine ignores, and unknown ones: reported. */
  readonly ignored: readonly string[];
}
