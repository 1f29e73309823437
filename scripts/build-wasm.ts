/** `npm run wasm`: assembles the module behind `WasmMemory` again, after a change of its text. */
import { readFileSync, writeFileSync } from 'node:fs';
import { assemble, renderBytes } from './wasm/assemble.ts';

const bytes = await assemble(readFileSync('shared/memory/atomic-cells.wat', 'utf8'));
writeFileSync('shared/memory/atomic-cells.ts', renderBytes(bytes));
console.log(`shared/memory/atomic-cells.ts: ${bytes.length} bytes`);
