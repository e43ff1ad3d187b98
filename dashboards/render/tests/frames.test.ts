import assert from 'node:assert/strict';
import {test} from 'node:test';

import {legend, table, timeSeries} from '../src/server/frames';
import type {Series} from '../src/server/prometheus';

const series: Series[] = [
  {
    metric: {__name__: 'up', node: 'a'},
    samples: [
      [1, '1'],
      [2, 'NaN'],
    ],
  },
  {metric: {__name__: 'up', node: 'b', gpu: '0'}, samples: [[1.5, '+Inf']]},
];
const target = {refId: 'A', legendFormat: '{{node}}/{{ gpu }}'};

test('names of series', () => {
  assert.equal(legend('{{node}} of {{nobody}}', {node: 'a'}, 'x'), 'a of ');
  assert.equal(legend('', {__name__: 'up', node: 'a'}, 'x'), 'up{node="a"}');
  assert.equal(legend(undefined, {__name__: 'up'}, 'x'), 'up');
  assert.equal(legend(undefined, {}, 'sum(x)'), 'sum(x)');
  assert.equal(legend('__auto', {}, 'sum(x)'), 'sum(x)');
  assert.equal(legend('__auto', {node: 'a'}, 'x'), undefined);
});

test('a frame for each series, with gaps for what JSON has no number for', () => {
  const [first, second] = timeSeries(series, target, 'up', 15000);
  assert.deepEqual(
    first!.fields.map(({values}) => values),
    [
      [1000, 2000],
      [1, null],
    ],
  );
  assert.equal(first!.fields[0]!.config.interval, 15000);
  assert.equal(second!.fields[1]!.config.displayNameFromDS, 'b/0');
  assert.deepEqual(second!.fields[1]!.values, [null]);
});

test('a table has a column for each label of any series', () => {
  const {fields, length} = table(series, target, 'Value #A');
  assert.equal(length, 3);
  assert.deepEqual(
    fields.map(({name}) => name),
    ['Time', '__name__', 'gpu', 'node', 'Value #A'],
  );
  assert.deepEqual(fields[2]!.values, ['', '', '0']);
  assert.deepEqual(fields[4]!.values, [1, null, null]);
});
