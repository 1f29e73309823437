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
    hideCursor: false,
    linewrap: true,
    gracefulExit: false,
    format: '{bar} {simulated} simulated, {host} host, {rate} events/s',
  }, Presets.shades_grey);
  return {
    update(progress) {
      const shown = words(progress, (performance.now() - started) / 1_000);
      // not before there is something to show: notes of the start keep their lines
      if (!bar.isActive) bar.start(1, 0, shown);
      bar.update(share(progress), shown);
    },
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
