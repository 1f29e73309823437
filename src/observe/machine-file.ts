/** A file of a run's folder that shows the machine as Linux would. */
export interface MachineFile {
  /** Below the run's folder: `proc/stat`, `proc/1000/stat`, `sys/devices/system/...`. */
  readonly path: string;
  readonly text: string;
}
