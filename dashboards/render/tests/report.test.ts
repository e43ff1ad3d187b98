import assert from 'node:assert/strict';
import {test} from 'node:test';

import {complete, text} from '../src/server/report';
import type {PanelReport} from '../src/shared/model';

const panel = (more: Partial<PanelReport>): PanelReport => ({
  id: 1,
  title: 'Power',
  type: 'stat',
  series: 2,
  drawn: 'grafana',
  links: [],
  errors: [],
  ...more,
});
const report = (...panels: PanelReport[]) => ({uid: 'x', title: 'X', picture: 'x.png', panels});

test('a dashboard with data in every panel is complete', () => {
  const all = report(panel({}), panel({type: 'row', series: 0, drawn: 'nothing'}), panel({type: 'text', series: 0}));
  assert.ok(complete([all]));
  assert.deepEqual(text(all), ['x: 2 panels, 2 series, x.png']);
});

test('an empty panel, an error and a dashboard without a picture are said', () => {
  const empty = report(panel({series: 0}));
  assert.ok(!complete([empty]));
  assert.match(text(empty)[1]!, /Power \(stat\): no data/);
  const wrong = report(panel({errors: ['bad_data: parse error']}));
  assert.ok(!complete([wrong]));
  assert.match(text(wrong)[1]!, /parse error/);
  const none = {...report(), error: 'no browser'};
  assert.ok(!complete([none]));
  assert.deepEqual(text(none), ['x: not drawn: no browser']);
});

test('what is drawn by an approximation is said', () => {
  const own = report(panel({drawn: 'approximation', type: 'heatmap'}));
  assert.ok(complete([own]));
  assert.match(text(own)[1]!, /approximation: Power \(heatmap\)/);
});
