/**
 * Ctrl-C. The first one asks the run to stop between two events, so that its folder is readable; the
 * second one kills, as if nobody had listened.
 */
import type { EventEmitter } from 'node:events';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Back to what signals do by themselves. */
  stopListening(): void;
}

export interface SignalSource extends Pick<EventEmitter, 'on' | 'off'> {
  readonly pid: number;
  kill(pid: number, signal: string): unknown;
}

/** Listens on `source` (the process). `onFirst` tells the user that the wish was heard. */
export function listenForInterrupt(source: SignalSource, onFirst: () => void): Interrupt {
  const controller = new AbortController();
  const stopListening = (): void => {
    for (const name of SIGNALS) source.off(name, onSignal);
  };
  const onSignal = (name: string): void => {
    if (controller.signal.aborted) {
      stopListening();
      source.kill(source.pid, name);
      return;
    }
    controller.abort();
    onFirst();
  };
  for (const name of SIGNALS) source.on(name, onSignal);
  return { signal: controller.signal, stopListening };
}
