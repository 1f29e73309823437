/** How far one pass over a system call has come. */
export const Outcome = {
  /** back to user mode */
  Done: 0,
  /** the task's state says that it sleeps; when it runs again the call goes on at `regs.stage` */
  Blocked: 1,
  /** `regs.remaining` ns of work in the kernel, then the call goes on at `regs.stage` */
  Working: 2,
  /** the task is dead */
  Gone: 3,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];
