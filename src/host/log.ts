/**
 * The host's log, `log.ndjson`: what happened around a run, each line with the simulated time. The
 * destination is synchronous, so that a crash keeps every line. A line costs microseconds: never on
 * a hot path. The simulated kernel has tracepoints, not a logger.
 */
import { pino } from 'pino';
import type { Ns } from '../../shared/units.ts';

export interface RunLog {
  info(ns: Ns, says: string, more?: object): void;
  warn(ns: Ns, says: string, more?: object): void;
  error(ns: Ns, says: string, more?: object): void;
  close(): void;
}

/** `path` lies in a run's folder, which is writable. Time, pid and hostname in it are the host's. */
export function openRunLog(path: string): RunLog {
  const destination = pino.destination({ dest: path, sync: true });
  // a log that cannot be written (a full disk) is no reason to lose the run
  destination.on('error', () => {});
  // a cause is told beside its error, not as part of its message
  const logger = pino({ level: 'info', serializers: { err: pino.stdSerializers.errWithCause } }, destination);
  return {
    info: (ns, says, more) => logger.info({ ns, ...more }, says),
    warn: (ns, says, more) => logger.warn({ ns, ...more }, says),
    error: (ns, says, more) => logger.error({ ns, ...more }, says),
    close: () => destination.end(),
  };
}
