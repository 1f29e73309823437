/** The idle states of a scenario's machine. */
import type { CpuidleConfig, IdleState } from '../kernel/config.ts';
import type { DynticksBlock } from './dynticks-block.ts';
import { nodeAt, type JsonNode } from './rtapp/document.ts';
import type { Source } from './rtapp/source.ts';

type CpuidleBlock = NonNullable<NonNullable<DynticksBlock['machine']>['cpuidle']>;

/** Throws BadInput where a deeper state costs or pays less than a shallower one, or every state stops the timer. */
export function cpuidleOf(source: Source, block: JsonNode | null, asked: CpuidleBlock | undefined): CpuidleConfig | null {
  if (asked === undefined) return null;
  const states = asked.states.map((state): IdleState => ({
    name: state.name, exitLatencyNs: state.exitLatency, targetResidencyNs: state.targetResidency, timerStop: state.timerStop ?? false,
  }));
  const refuse = (i: number, key: string, found: string, expected: string): never => {
    const path = `dynticks.machine.cpuidle.states[${i}].${key}`;
    throw source.bad(nodeAt(block!, ['machine', 'cpuidle', 'states', i, key]).at, path, found, expected);
  };
  states.forEach((state, i) => {
    const before = states[i - 1];
    if (before === undefined) return;
    const expected = 'no less than of the state before';
    if (state.exitLatencyNs < before.exitLatencyNs) refuse(i, 'exitLatency', `${state.exitLatencyNs} ns`, expected);
    if (state.targetResidencyNs < before.targetResidencyNs) refuse(i, 'targetResidency', `${state.targetResidencyNs} ns`, expected);
  });
  if (states[0]!.timerStop) refuse(0, 'timerStop', 'true', 'false: in the shallowest state the event device goes on');
  if (states.some(({ timerStop }) => timerStop)) {
    source.approximations.add('Idle states that stop the event device are passed over: no tick is broadcast yet.');
  }
  return { governor: asked.governor ?? 'menu', states };
}
