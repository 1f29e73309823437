/** The computer that a run ran on. It goes into run.json's `host` block and nowhere else. */
import { arch, cpus, hostname, platform, release, totalmem } from 'node:os';

export interface HostFacts {
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly arch: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly hostname: string;
  readonly pid: number;
}

export function hostFacts(): HostFacts {
  const cores = cpus();
  return {
    node: process.version,
    v8: process.versions.v8,
    platform: `${platform()} ${release()}`,
    arch: arch(),
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryBytes: totalmem(),
    hostname: hostname(),
    pid: process.pid,
  };
}
