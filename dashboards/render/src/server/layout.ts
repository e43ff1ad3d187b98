// The panels of a dashboard where they are to be drawn: collapsed rows open, repeated panels once for each value.
import {COLUMNS} from '../shared/grid';
import type {Choices, Dashboard, Panel} from '../shared/model';

export interface Placed {
  panel: Panel;
  choices: Choices;
}

// Every panel with its place, and the variables that hold for it alone.
export function layout(dashboard: Dashboard, choices: Choices): Placed[] {
  const byPlace = (one: Panel, other: Panel) => one.gridPos.y - other.gridPos.y || one.gridPos.x - other.gridPos.x;
  const placed: Placed[] = [];
  let shift = 0;
  const add = (panel: Panel) => {
    const copies = repeated({...panel, gridPos: {...panel.gridPos, y: panel.gridPos.y + shift}}, choices);
    placed.push(...copies);
    const bottom = Math.max(...copies.map(({panel: {gridPos}}) => gridPos.y + gridPos.h));
    // What a single panel takes is in the places of those that follow already.
    shift += bottom - (panel.gridPos.y + shift + panel.gridPos.h);
  };
  for (const panel of [...(dashboard.panels ?? [])].sort(byPlace)) {
    add({...panel, panels: []});
    if (!panel.collapsed || !panel.panels?.length) continue;
    const first = Math.min(...panel.panels.map(({gridPos}) => gridPos.y));
    const last = Math.max(...panel.panels.map(({gridPos}) => gridPos.y + gridPos.h));
    const below = panel.gridPos.y + panel.gridPos.h - first;
    for (const inner of [...panel.panels].sort(byPlace)) {
      add({...inner, gridPos: {...inner.gridPos, y: inner.gridPos.y + below}});
    }
    shift += last - first;
  }
  return placed;
}

function repeated(panel: Panel, choices: Choices): Placed[] {
  const choice = panel.repeat ? choices[panel.repeat] : undefined;
  const values = choice ? [choice.value].flat() : [];
  if (!panel.repeat || panel.type === 'row' || values.length === 0) return [{panel, choices: {}}];
  const sideBySide = panel.repeatDirection === 'v' ? 1 : Math.min(values.length, panel.maxPerRow ?? 4);
  const {x, y, w, h} = panel.gridPos;
  const width = panel.repeatDirection === 'v' ? w : COLUMNS / sideBySide;
  return values.map((value, index) => ({
    panel: {
      ...panel,
      gridPos: {
        x: panel.repeatDirection === 'v' ? x : (index % sideBySide) * width,
        y: y + Math.floor(index / sideBySide) * h,
        w: width,
        h,
      },
    },
    choices: {[panel.repeat!]: {value, text: value, several: false}},
  }));
}
