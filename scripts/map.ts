/** `npm run map [CPUS] [TASKS]`: prints which record lies where in a machine's shared memory, and the map's hash. */
import { layOutMachine } from '../shared/machine-map.ts';
import { argumentsOr, helpIfAsked, integerOf } from './usage.ts';

helpIfAsked(`npm run map [-- CPUS [TASKS]]

Which record lies where in the shared memory of a machine of so many CPUs (4) and tasks (CPUS + 4), and the map's hash.`);

const [cpus = 4, tasks = cpus + 4] = argumentsOr('map', () =>
  process.argv.slice(2).map((text, i) => integerOf(i === 0 ? 'CPUS' : 'TASKS', text, 1)));
const { map } = layOutMachine({ cpus, tasks, syncObjects: 1, sharedTimers: 1 });
console.log(map.print());
console.log(`${map.bytes} bytes, hash ${map.hash()}`);
