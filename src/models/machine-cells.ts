/** The memory of a whole small machine as the cells of a model. */
import { layOutMachine, type MachineMap, type MachineShape } from '../../shared/machine-map.ts';
import { mappedCells, type CellPlan } from '../explore/cells.ts';

export interface MachineCells {
  readonly map: MachineMap;
  readonly plan: CellPlan;
}

export function machineCells(shape: Partial<MachineShape> = {}): MachineCells {
  const { cpus = 2, tasks = cpus, syncObjects = 0, sharedTimers = 0, processes = 0, posixTimers = 0, csdPool = 1 } = shape;
  const map = layOutMachine({ cpus, tasks, syncObjects, sharedTimers, processes, posixTimers, csdPool });
  return { map, plan: mappedCells(map.map) };
}
