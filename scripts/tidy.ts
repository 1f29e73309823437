/** `npm run tidy`: prints what the house rules refuse, one `file:line: message` each, and exits 1 if there is any. */
import { readTree } from './tidy/files.ts';
import { judge, RULES } from './tidy/rules.ts';

const files = readTree(process.cwd());
const findings = judge(files);
for (const { path, line, message } of findings) console.log(`${path}:${line}: ${message}`);
const verdict = findings.length === 0 ? 'tidy' : `${findings.length} findings`;
console.log(`${verdict}: ${files.length} files, ${RULES.length} rules`);
process.exitCode = findings.length === 0 ? 0 : 1;
