import { describe, expect, test } from 'vitest';
import { block, complaintOf, resolve } from '../support/complaint.ts';

const state = (name: string, latency: string, residency: string, more = '') =>
  `{"name": "${name}", "exitLatency": "${latency}", "targetResidency": "${residency}"${more}}`;
const cpuidle = (...states: string[]) => block(`"machine": {"cpuidle": {"states": [${states.join(', ')}]}}`);
const C1 = state('C1', '2us', '5us');

describe('idle states of a scenario', () => {
  test('are none, unless it names a driver’s; the menu governor chooses, unless it says otherwise', () => {
    expect(resolve(block('"cpus": 1')).machine.cpuidle).toBeNull();
    expect(resolve(cpuidle(C1)).machine.cpuidle).toEqual({
      governor: 'menu', states: [{ name: 'C1', exitLatencyNs: 2_000, targetResidencyNs: 5_000, timerStop: false }],
    });
    const ladder = resolve(block(`"machine": {"cpuidle": {"governor": "ladder", "states": [${C1}]}}`));
    expect(ladder.machine.cpuidle?.governor).toBe('ladder');
  });

  test('that stop the timer are passed over, which is said', () => {
    const { machine, approximations } = resolve(cpuidle(C1, state('C6', '90us', '200us', ', "timerStop": true')));
    expect(machine.cpuidle?.states[1]?.timerStop).toBe(true);
    expect(approximations.some((text) => text.includes('Idle states that stop the event device'))).toBe(true);
  });

  test.each([
    ['none', cpuidle(), 'states', 'at least one idle state'],
    ['a deeper one with a shorter way out', cpuidle(C1, state('C2', '1us', '9us')), 'states[1].exitLatency', 'no less than'],
    ['a deeper one that pays off sooner', cpuidle(C1, state('C2', '3us', '4us')), 'states[1].targetResidency', 'no less than'],
    ['one alone that stops the timer', cpuidle(state('C1', '2us', '5us', ', "timerStop": true')), 'states[0].timerStop', 'false'],
  ])('are refused: %s', (_, text, path, expected) => {
    const complaint = complaintOf(text);
    expect(complaint.message).toContain(path);
    expect(complaint.message).toContain(expected);
  });
});
