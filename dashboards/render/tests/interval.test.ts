import assert from 'node:assert/strict';
import {test} from 'node:test';

import {interval} from '../src/server/interval';
import type {Panel} from '../src/shared/model';

const panel = {id: 1, type: 'timeseries', gridPos: {x: 0, y: 0, w: 12, h: 8}} as Panel;
const hours = (count: number) => ({from: 0, to: count * 3_600_000});

test('a step is no shorter than a scrape, and no more points than pixels', () => {
  assert.equal(interval(hours(1), 700, panel, {refId: 'A'}, 15_000).stepMs, 15_000);
  assert.equal(interval(hours(6), 700, panel, {refId: 'A'}, 15_000).stepMs, 30_000);
  assert.equal(interval(hours(6), 700, {...panel, interval: '5m'}, {refId: 'A'}, 15_000).stepMs, 300_000);
  assert.equal(interval(hours(6), 700, panel, {refId: 'A', interval: '2m'}, 15_000).stepMs, 120_000);
});

test('a rate looks back over four scrapes at least', () => {
  const {choices} = interval(hours(6), 700, panel, {refId: 'A'}, 15_000);
  assert.equal(choices['__rate_interval']!.value, '1m');
  assert.equal(choices['__interval']!.value, '30s');
  assert.equal(choices['__range']!.value, '21600s');
  assert.equal(interval(hours(24), 300, panel, {refId: 'A'}, 15_000).choices['__rate_interval_ms']!.value, '315000');
});
