/** Assembles shared/memory/atomic-cells.wat, and writes the bytes as a TypeScript module. */
import wabt from 'wabt';

/** Bytes of the module; names of functions and locals are left out. */
export async function assemble(wat: string): Promise<Uint8Array> {
  const { parseWat } = await wabt();
  const module = parseWat('atomic-cells.wat', wat, { threads: true });
  try {
    return module.toBinary({}).buffer.slice();
  } finally {
    module.destroy();
  }
}

/** The text of shared/memory/atomic-cells.ts. */
export function renderBytes(bytes: Uint8Array): string {
  const rows: string[] = [];
  for (let i = 0; i < bytes.length; i += 24) rows.push(`  ${[...bytes.subarray(i, i + 24)].join(', ')},`);
  return `/** atomic-cells.wat, assembled by \`npm run wasm\`: do not edit. */
export const ATOMIC_CELLS: Uint8Array<ArrayBuffer> = new Uint8Array([
${rows.join('\n')}
]);
`;
}
