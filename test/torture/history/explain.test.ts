import { expect, test } from 'vitest';
import { acknowledgedIsDelivered } from '../checks/acknowledged-is-delivered.ts';
import { bob, deliver, everybodyConnects, type Line, ok, send, smallWorld, violationsOf } from '../checks/hand-made-history.ts';
import { EventLog } from './event-log.ts';
import { explain } from './explain.ts';

test('shows the life of the lost message and nothing of the others', () => {
  const history: readonly Line[] = [
    ...everybodyConnects,
    ...[send(0, bob), ok(0, 1), deliver(1, bob, 1, 0)],
    ...[send(1, bob), ok(1, 2)],
    { kind: 'down' },
    { kind: 'up' },
  ];
  const log = new EventLog();
  for (const [index, event] of history.entries()) log.add({ ...event, atMs: index });
  const [lost] = violationsOf([acknowledgedIsDelivered], history);
  if (lost === undefined) throw new Error('the check found nothing');

  expect(explain(log, smallWorld, lost)).toEqual([
    '    0.001 s  open       connection 0 (ann), ann, node 0',
    '    0.002 s  registered connection 0 (ann), queued 0, missed 0',
    '    0.012 s  send       connection 0 (ann), message 1, in the inbox of bob, group 1, echo 1, named 0',
    '    0.013 s  ok         connection 0 (ann), message 1, seq 2, id 101, duplicate 0',
    '    0.014 s  down       node 0, killed 0',
    '    0.015 s  up         node 0',
  ]);
});
