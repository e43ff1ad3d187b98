// Asks for everything that a dashboard shows.
import {rangeUtil} from '@grafana/data';

import {pixels} from '../shared/grid';
import {interpolate} from '../shared/interpolate';
import type {Choices, Dashboard, Drawing, Panel, PanelDrawing, PlainFrame, Range, Target} from '../shared/model';
import {table, timeSeries} from './frames';
import {interval} from './interval';
import {layout} from './layout';
import type {Prometheus} from './prometheus';
import {resolve} from './variables';

export interface Wish {
  range: Range;
  values: Record<string, string[]>;
  widthPx: number;
  scrapeMs: number;
  theme: 'dark' | 'light';
}

// Read the data of all panels. What fails is in the errors of its panel; the errors of variables are in the first one.
export async function draw(
  dashboard: Dashboard,
  all: Dashboard[],
  wish: Wish,
  prometheus: Prometheus,
): Promise<Drawing> {
  const {choices, errors} = await resolve(dashboard, wish.values, wish.range, prometheus);
  const panels = await Promise.all(
    layout(dashboard, choices).map(({panel, choices: own}) => drawPanel(panel, {...choices, ...own}, wish, prometheus)),
  );
  panels[0]?.errors.unshift(...errors);
  return {
    uid: dashboard.uid,
    title: dashboard.title,
    theme: wish.theme,
    range: wish.range,
    choices,
    links: dashboard.links ?? [],
    neighbours: all.map(({uid, title, tags = []}) => ({uid, title, tags})),
    panels,
  };
}

async function drawPanel(panel: Panel, choices: Choices, wish: Wish, prometheus: Prometheus): Promise<PanelDrawing> {
  const errors: string[] = [];
  const range = panelRange(panel, wish.range);
  const targets = (panel.targets ?? []).filter((target) => !target.hide);
  const frames = await Promise.all(
    targets.map(async (target) => {
      try {
        return await query(target, panel, targets, choices, range, wish, prometheus);
      } catch (error) {
        errors.push(`query ${target.refId}: ${(error as Error).message}`);
        return [];
      }
    }),
  );
  const alerts = panel.type === 'alertlist' ? await prometheus.alerts() : [];
  const title = interpolate(panel.title ?? '', choices, 'text');
  return {panel: {...panel, title}, frames: frames.flat(), alerts, errors, choices, range};
}

function panelRange(panel: Panel, range: Range): Range {
  return panel.timeFrom ? {from: range.to - rangeUtil.intervalToMs(panel.timeFrom), to: range.to} : range;
}

async function query(
  target: Target,
  panel: Panel,
  targets: Target[],
  choices: Choices,
  range: Range,
  wish: Wish,
  prometheus: Prometheus,
): Promise<PlainFrame[]> {
  const source = target.datasource?.type ?? panel.datasource?.type ?? 'prometheus';
  if (source !== 'prometheus') throw new Error(`the data source ${source} is not asked here`);
  const {width} = pixels(panel.gridPos, wish.widthPx);
  const {stepMs, choices: times} = interval(range, width, panel, target, wish.scrapeMs);
  const expression = interpolate(target.expr ?? '', {...choices, ...times}, 'promql');
  if (!expression.trim()) throw new Error('the expression is empty');
  const series = target.instant
    ? await prometheus.instant(expression, range.to)
    : await prometheus.range(expression, range, stepMs);
  if (target.format === 'table') {
    const tables = targets.filter(({format}) => format === 'table');
    return [table(series, target, tables.length > 1 ? `Value #${target.refId}` : 'Value')];
  }
  return timeSeries(series, target, expression, target.instant ? undefined : stepMs);
}
