/** The progress bar on stderr: how far a run or a search has come, and how fast. */
import { Presets, SingleBar } from 'cli-progress';
import type { Progress } from '../engine/run.ts';
import type { SearchProgress } from '../explorer.ts';
import { count } from '../host/texts.ts';

interface View<P> {
  update(progress: P): void;
  stop(): void;
}
export type ProgressView = View<Progress>;

const NO_VIEW: View<unknown> = { update: () => {}, stop: () => {} };

/** A bar on `stream`, or nothing at all when there is none. It goes away when it stops. */
export function startProgress(stream: NodeJS.WriteStream | null): ProgressView {
  return startBar(stream, '{bar} {simulated} simulated, {host} host, {rate} events/s', share, words);
}

/** The same for a search, whose share is an estimate. */
export function startSearchProgress(stream: NodeJS.WriteStream | null, subject: string): View<SearchProgress> {
  const format = `{bar} {share}, {executions} executions, {rate}/s: ${subject}`;
  return startBar(stream, format, (progress) => progress.share, searchWords);
}

type Words = Readonly<Record<string, string>>;

function startBar<P>(
  stream: NodeJS.WriteStream | null, format: string, shareOf: (progress: P) => number, wordsOf: (progress: P, hostSeconds: number) => Words,
): View<P> {
  if (stream === null) return NO_VIEW;
  const started = performance.now();
  const bar = new SingleBar({
    stream, format,
    clearOnComplete: true,
    hideCursor: false,
    linewrap: true,
    gracefulExit: false,
  }, Presets.shades_grey);
  return {
    update(progress) {
      const shown = wordsOf(progress, (performance.now() - started) / 1_000);
      // not before there is something to show: notes of the start keep their lines
      if (!bar.isActive) bar.start(1, 0, shown);
      bar.update(shareOf(progress), shown);
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

/** The figures of a search. A share of nothing is not known, rather than none. */
export function searchWords({ executions, share: done }: SearchProgress, hostSeconds: number): Words {
  return {
    executions: count(executions),
    share: done === 0 ? 'share unknown' : `~${(100 * done).toFixed(1)} %`,
    rate: count(executions / Math.max(hostSeconds, 0.001)),
  };
}
