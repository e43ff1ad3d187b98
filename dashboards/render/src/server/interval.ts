// The time between two points of a panel, and the names under which a query may use it.
import {dateTime, rangeUtil} from '@grafana/data';

import type {Choices, Panel, Range, Target} from '../shared/model';

export interface Interval {
  stepMs: number;
  choices: Choices;
}

const choice = (value: string | number) => ({value: String(value), text: String(value), several: false});

// Grafana's calculation for Prometheus: as many points as the panel is wide, not more than are scraped, at most 11,000.
export function interval(range: Range, widthPx: number, panel: Panel, target: Target, scrapeMs: number): Interval {
  const wholeMs = range.to - range.from;
  const times = {from: dateTime(range.from), to: dateTime(range.to)};
  const minimum = [target.interval, panel.interval].find((text) => text && !text.includes('$')) ?? `${scrapeMs}ms`;
  const points = panel.maxDataPoints ?? Math.max(widthPx, 1);
  const {intervalMs} = rangeUtil.calculateInterval({...times, raw: times}, points, minimum);
  const stepMs = Math.max(intervalMs, Math.ceil(wholeMs / 11_000 / 1000) * 1000);
  const rateMs = Math.max(stepMs + scrapeMs, 4 * scrapeMs);
  const wholeS = Math.round(wholeMs / 1000);
  return {
    stepMs,
    choices: {
      __interval: choice(rangeUtil.secondsToHms(stepMs / 1000)),
      __interval_ms: choice(stepMs),
      __rate_interval: choice(rangeUtil.secondsToHms(rateMs / 1000)),
      __rate_interval_ms: choice(rateMs),
      __range: choice(`${wholeS}s`),
      __range_s: choice(wholeS),
      __range_ms: choice(wholeMs),
      __from: choice(range.from),
      __to: choice(range.to),
    },
  };
}
