/**
 * The recordings of a real kernel as they lie in a folder: `<configuration>/<workload>/figures.json`, and
 * how the machine was started: `qemu-cmdline.txt` as recorded, or `config.json`, which says the same of
 * the copy in test/linux/recordings.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { leavesOf, type Leaves } from './leaves.ts';
import { workloadNamed } from './workloads.ts';

/** How a recorded machine was started. */
const configuration = z.strictObject({
  /** as in `uname -r` */
  release: z.string(),
  cpus: z.int().positive(),
  cmdline: z.string(),
  /** Passes, in the order in which this boot ran them. */
  passes: z.array(z.string()),
  /** Passes of later boots with the same command line, whose recordings have replaced those of the first. */
  again: z.array(z.array(z.string())).default([]),
});
export type Configuration = z.infer<typeof configuration> & { readonly name: string };

/** One pass of a workload in one configuration. */
export interface Recording {
  readonly configuration: Configuration;
  /** `busy`, whatever follows that in its folder's name */
  readonly workload: string;
  /** `busy`, recorded with tracing on, or `busy/notrace` */
  readonly pass: string;
  readonly traced: boolean;
  readonly figures: Leaves;
}

/** All recordings below a folder, configurations and workloads by name. @throws where a file is not what it should be */
export function readRecordings(folder: string): Recording[] {
  return foldersIn(folder).flatMap((name) => {
    const start = configurationOf(join(folder, name));
    if (start === null) return [];
    const config = { ...start, name };
    return foldersIn(join(folder, name)).flatMap((workload) => passesOf(join(folder, name, workload), config, workload));
  });
}

function foldersIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name).sort();
}

/** How the machine of a folder was started; null where the folder is no configuration. */
function configurationOf(folder: string): z.infer<typeof configuration> | null {
  const copied = join(folder, 'config.json');
  if (existsSync(copied)) return configuration.parse(JSON.parse(readFileSync(copied, 'utf8')));
  if (!existsSync(join(folder, 'qemu-cmdline.txt'))) return null;
  const commandIn = (file: string): z.infer<typeof configuration> => parseQemuCommand(readFileSync(join(folder, file), 'utf8'));
  const later = readdirSync(folder).filter((file) => /^qemu-cmdline-.+\.txt$/.test(file)).sort();
  return { ...commandIn('qemu-cmdline.txt'), again: later.map((file) => commandIn(file).passes) };
}

/** What the boot in which a pass was recorded had run before it. */
export function passesBefore({ passes, again }: Configuration, pass: string): string[] {
  const boot = [...again, passes].find((list) => list.includes(pass)) ?? [];
  return boot.slice(0, Math.max(0, boot.indexOf(pass)));
}

/** What does not concern the kernel: the recorder's own list of workloads, and where its init lies. */
const RECORDERS_OWN = /^(wl\.set|rdinit|console|panic|loglevel|nokaslr)(=|$)/;

/** A command as bash quotes it. The machine's start in the words that matter here. */
export function parseQemuCommand(text: string): z.infer<typeof configuration> {
  const words = wordsOf(text.split('\n')[0]!);
  const after = (flag: string): string => {
    const at = words.indexOf(flag);
    if (at < 0) throw new Error(`no ${flag} in the command that started QEMU`);
    return words[at + 1]!;
  };
  const parameters = after('-append').split(' ').filter((word) => !RECORDERS_OWN.test(word));
  return {
    release: after('-kernel').replace(/^.*vmlinuz-/, ''),
    cpus: parseInt(after('-smp'), 10),
    cmdline: parameters.join(' '),
    passes: passesOfList(after('-append')),
    again: [],
  };
}

/** The recorder's own list: `wl.set=busy:5000:0,busy:5000:1` is a pass without tracing and one with it. */
function passesOfList(append: string): string[] {
  const list = /\bwl\.set=(\S+)/.exec(append)?.[1] ?? '';
  return list.split(',').filter((entry) => entry !== '').map((entry) => {
    const [workload, , traced] = entry.split(':');
    return traced === '0' ? `${workload}/notrace` : workload!;
  });
}

/** Words of a line in which a backslash keeps the next character. */
function wordsOf(line: string): string[] {
  const words = line.match(/(?:\\.|[^\\\s])+/g) ?? [];
  return words.map((word) => word.replace(/\\(.)/g, '$1'));
}

function passesOf(folder: string, config: Configuration, workload: string): Recording[] {
  const file = join(folder, 'figures.json');
  if (!existsSync(file)) return [];
  const passes = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(file, 'utf8')));
  return Object.entries(passes).map(([pass, figures]) => ({
    configuration: config, workload: workloadNamed(workload), pass,
    traced: !pass.endsWith('/notrace'),
    figures: leavesOf(figures),
  }));
}
