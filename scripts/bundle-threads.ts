/**
 * A step of `npm run build`: makes one file of what each thread runs. A thread of eighty files takes
 * twice as long to start as one of two, and a machine may have 64 of them. Packages stay outside.
 *
 * The folder is named by the sources, so that a main thread finds the threads of its own build or none.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { rolldown } from 'rolldown';
import { hashOfSources } from '../src/host/threads/build-id.ts';
import { THREADS } from '../src/host/threads/build-stamp.ts';

const entries = readdirSync('workers').filter((name) => name.endsWith('.ts')).map((name) => name.replace(/\.ts$/, ''));
const input = Object.fromEntries(entries.map((name) => [name, `dist/workers/${name}.js`]));

rmSync(THREADS, { recursive: true, force: true });
const isPackage = (id: string): boolean => !/^(\.|\/|dist\/)/.test(id);
const bundle = await rolldown({ input, platform: 'node', external: isPackage, plugins: [{ name: 'compiler-maps', load: withItsMap }] });
await bundle.write({ dir: `${THREADS}/${hashOfSources(process.cwd())}`, format: 'esm', sourcemap: true });
await bundle.close();

/** With the compiler's own map, so that a bundle's leads back to the sources. */
function withItsMap(path: string): { readonly code: string; readonly map: string } | null {
  return existsSync(`${path}.map`) ? { code: readFileSync(path, 'utf8'), map: readFileSync(`${path}.map`, 'utf8') } : null;
}
