import { expect, test } from 'vitest';
import { replay } from '../../src/explore/counterexample.ts';
import { parseSchedule } from '../../src/explore/schedule.ts';
import { WINDOWS_PARK } from '../../src/models/windows.ts';

/**
 *      opener                                 coordinator
 *      the limit is 0: nobody goes on
 *                                             limit = 10: it goes on; parked is 0
 *      parked = 1
 *      the limit is 10 now
 *                                             parked is 1, and nobody has anything before 10: stops the machine
 *      parked 1 -> 0
 *                                             parked is 0: must wait
 */
test('a machine that somebody pauses and lets go on at its end is stopped when its opener has parked it again', () => {
  const { kind } = replay(WINDOWS_PARK.model, parseSchedule('0x33-1x13-0x10-1x12-0-1x24-0x8-111'));
  expect(kind).toBeUndefined();
});
