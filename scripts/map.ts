/** `npm run map [CPUS] [TASKS]`: prints which record lies where in a machine's shared memory, and the map's hash. */
import { layOutMachine } from '../shared/machine-map.ts';

const [cpus = 4, tasks = cpus + 4] = process.argv.slice(2).map(Number);
const { map } = layOutMachine({ cpus, tasks, syncObjects: 1, sharedTimers: 1 });
console.log(map.print());
console.log(`${map.bytes} bytes, hash ${map.hash()}`);
