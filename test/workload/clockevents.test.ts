import { describe, expect, test } from 'vitest';
import { BadInput } from '../../src/workload/bad-input.ts';
import { DEFAULT_MACHINE } from '../../src/workload/defaults.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';

const scenarioOf = (machine: object): string => JSON.stringify({ tasks: { t: { run: 1 } }, dynticks: { machine } });
const resolve = (clockevents?: object, machine: object = {}) =>
  resolveScenario(scenarioOf({ ...machine, ...(clockevents && { clockevents }) }), 'w.json')
    .machine;

describe('the event devices of a scenario', () => {
  test('are a PC’s, where it says nothing', () => {
    expect(resolve().clockevents).toEqual(DEFAULT_MACHINE.clockevents);
    expect(resolve({}).clockevents).toEqual({ local: 'lapic', alwaysOn: false, oneshot: true, global: ['hpet'], hpetHz: 14_318_180 });
  });

  test('are Arm’s alone where each CPU has arch_sys_timer, and that one is always on', () => {
    expect(resolve({ local: 'arch_sys_timer' }).clockevents).toMatchObject({ local: 'arch_sys_timer', alwaysOn: true, global: [] });
    expect(resolve({ local: 'arch_sys_timer', alwaysOn: false, global: ['hpet'] }).clockevents)
      .toMatchObject({ alwaysOn: false, global: ['hpet'] });
  });

  test('have the frequencies that it gives them', () => {
    expect(resolve({ hpet: '100MHz' }, { lapic: '25MHz' })).toMatchObject({ lapicHz: 25e6, clockevents: { hpetHz: 1e8 } });
  });

  test.each([
    ['dummies alone', { local: 'dummy', global: [] }, 'a device, since those of the CPUs are dummies'],
    ['a device twice', { global: ['pit', 'pit'] }, 'each device once'],
    ['one that knows neither periods nor single events', { local: 'lapic-deadline', oneshot: false }, 'lapic-deadline knows no period'],
    ['one that there is not', { local: 'rtc' }, '"lapic"'],
  ])('are refused: %s', (_, clockevents, expected) => {
    let thrown: unknown;
    try {
      resolve(clockevents);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(BadInput);
    expect(`${(thrown as BadInput).message} ${JSON.stringify(thrown)}`).toContain('machine.clockevents');
    expect((thrown as Error).message).toContain(expected);
  });
});
