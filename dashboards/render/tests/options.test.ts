import assert from 'node:assert/strict';
import {test} from 'node:test';

import {parse, UsageError} from '../src/server/options';

const prometheus = ['--prometheus', 'http://localhost:9090/'];
const refused = (args: string[], words: RegExp) =>
  assert.throws(
    () => parse(args),
    (error) => error instanceof UsageError && words.test(error.message),
  );

test('what is given is read', () => {
  const options = parse([
    'render',
    ...prometheus,
    '--at',
    '1700000000',
    '--range',
    '6h',
    '--var',
    'n=a',
    '--var',
    'n=b=c',
  ]);
  assert.equal(options.prometheus, 'http://localhost:9090');
  assert.equal(options.now, 1_700_000_000_000);
  assert.equal(options.rangeMs, 21_600_000);
  assert.deepEqual(options.values, {n: ['a', 'b=c']});
  assert.equal(parse(['serve', ...prometheus, '--at', '2026-11-22T00:00:00Z']).now, Date.UTC(2026, 10, 22));
});

test('what is wrong is said', () => {
  refused(['build', ...prometheus], /render or serve/);
  refused(['render'], /--prometheus/);
  refused(['render', '--prometheus', 'localhost:9090'], /--prometheus/);
  refused(['render', ...prometheus, '--at', 'noon'], /noon is no time/);
  refused(['render', ...prometheus, '--range', '6 hours'], /no duration/);
  refused(['render', ...prometheus, '--var', 'node'], /NAME=VALUE/);
  refused(['render', ...prometheus, '--theme', 'blue'], /dark or light/);
  refused(['render', ...prometheus, '--output', 'x.png'], /--only/);
  refused(['render', ...prometheus, '--click', 'x'], /--only/);
  refused(['render', ...prometheus, '--width', '10'], /at least 400/);
  refused(['render', ...prometheus, '--colour'], /colour/);
});
