import { expect, it } from 'vitest';
import { CallsWithIrqsOn } from '../../../src/check/oracles/calls-with-irqs-on.ts';
import { EventStream, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const judge = (wait: number, irqsOff: number) => judgeStream(
  CallsWithIrqsOn, runFacts(2, 'tick', []),
  new EventStream().add('smp_call_function_many', 1, 500, { function: 2, targets: 1, wait, irqs_off: irqsOff }),
);

it('S-05 holds where interrupts are on, and asks nothing of who does not wait', () => {
  expect(judge(1, 0)).toEqual({ verdict: 'held', checked: 1 });
  expect(judge(0, 1)).toEqual({ verdict: 'not exercised' });
});

it('S-05 finds who waits with its interrupts masked', () => {
  expect(witnessOf(judge(1, 1)).says).toBe('CPU 1 at 500 ns calls function 2 and waits for it with its interrupts masked');
});
