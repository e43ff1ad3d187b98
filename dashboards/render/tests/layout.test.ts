import assert from 'node:assert/strict';
import {test} from 'node:test';

import {layout} from '../src/server/layout';
import {pixels} from '../src/shared/grid';
import type {Panel} from '../src/shared/model';

const panel = (id: number, y: number, more: Partial<Panel> = {}): Panel => ({
  id,
  type: 'stat',
  gridPos: {x: 0, y, w: 24, h: 4},
  ...more,
});
const row = (id: number, y: number, panels: Panel[]) =>
  panel(id, y, {type: 'row', collapsed: panels.length > 0, panels, gridPos: {x: 0, y, w: 24, h: 1}});
const places = (panels: Panel[], choices = {}) =>
  layout({uid: 'x', title: 'x', panels}, choices).map((placed) => [placed.panel.id, placed.panel.gridPos.y]);

test('panels stay where they are', () => {
  assert.deepEqual(places([panel(2, 4), panel(1, 0)]), [
    [1, 0],
    [2, 4],
  ]);
});

test('a collapsed row is opened, and what is below it moves down', () => {
  assert.deepEqual(places([row(1, 0, [panel(2, 1), panel(3, 5)]), row(4, 1, []), panel(5, 2)]), [
    [1, 0],
    [2, 1],
    [3, 5],
    [4, 9],
    [5, 10],
  ]);
});

test('a panel is repeated for each value, and what is below it moves down', () => {
  const values = ['a', 'b', 'c'];
  const choices = {gpu: {value: values, text: 'All', several: true}};
  const repeated = panel(1, 0, {repeat: 'gpu', maxPerRow: 2});
  assert.deepEqual(places([repeated, panel(2, 4)], choices), [
    [1, 0],
    [1, 0],
    [1, 4],
    [2, 8],
  ]);
  const placed = layout({uid: 'x', title: 'x', panels: [repeated]}, choices);
  assert.deepEqual(
    placed.map((one) => one.choices['gpu']!.value),
    values,
  );
  assert.deepEqual(
    placed.map((one) => one.panel.gridPos.x),
    [0, 12, 0],
  );
  assert.deepEqual(places([panel(1, 0, {repeat: 'gpu', repeatDirection: 'v'})], choices), [
    [1, 0],
    [1, 4],
    [1, 8],
  ]);
});

test('24 columns fill the width, with gaps between them', () => {
  assert.deepEqual(pixels({x: 0, y: 0, w: 24, h: 1}, 1000), {left: 0, top: 0, width: 1000, height: 30});
  const right = pixels({x: 12, y: 1, w: 12, h: 2}, 1000);
  assert.deepEqual(right, {left: 504, top: 38, width: 496, height: 68});
});
