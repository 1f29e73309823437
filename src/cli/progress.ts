/** The progress bar on stderr: how far simulated time has come, and how fast. */
import { Presets, SingleBar } from 'cli-progress';
import type { Progress } from '../engine/run.ts';
import { count } from '../host/texts.ts';

export interface ProgressView {
  update(progress: Progress): void;
  stop(): void;
}

const NO_VIEW: ProgressView = { update: () => {}, stop: () => {} };

/** A bar on `stream`, or nothing at all when there is none. It goes away when it stops. */
export function startProgress(stream: NodeJS.WriteStream | null): ProgressView {
  if (stream === null) return NO_VIEW;
  const started = performance.now();
  const bar = new SingleBar({
    stream,
    clearOnComplete: true,
    hideCursor: null,
    linewrap: null,
    gracefulExit: false,
    format: '{bar} {simulated} simulated, {host} host, {rate} events/s',
  }, Presets.shades_grey);
  bar.start(1, 0, { simulated: '0.00 of ? s', host: '0.0 s', rate: '0' });
  return {
    update: (progress) => bar.update(share(progress), words(progress, (performance.now() - started) / 1_000)),
    stop: () => bar.stop(),
  };
}

/** 0 .. 1 of the way to the limit. */
function share(progress: Progress): number {
  return progress.limitNs === 0 ? 1 : Math.min(1, progress.simulatedNs / progress.limitNs);
}

/** The bar's three figures. `hostSeconds` is what the run has taken so far. */
export function words(progress: Progress, hostSeconds: number): { simulated: string; host: string; rate: string } {
  const shown = (ns: number): string => (ns / 1e9).toFixed(2);
  return {
    simulated: `${shown(progress.simulatedNs)} of ${shown(progress.limitNs)} s`,
    host: `${hostSeconds.toFixed(1)} s`,
    rate: count(progress.events / Math.max(hostSeconds, 0.001)),
  };
}
