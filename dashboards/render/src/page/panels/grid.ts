// What the state timeline and the heatmap have in common: a row for each series, and times from left to right.
import {FieldType, getFieldDisplayName, type DataFrame, type Field} from '@grafana/data';

export interface Row {
  name: string;
  times: number[];
  field: Field;
}

// The rows of a panel: every field of its frames that is no time.
export function rows(frames: DataFrame[]): Row[] {
  return frames.flatMap((frame) => {
    const times = frame.fields.find(({type}) => type === FieldType.time)?.values ?? [];
    return frame.fields
      .filter(({type}) => type !== FieldType.time)
      .map((field) => ({name: getFieldDisplayName(field, frame, frames), times, field}));
  });
}

export interface Span {
  from: number;
  to: number;
  value: unknown;
}

// Stretches of time with one value; a gap of more than a step and a half ends one. "merge" joins neighbours.
export function spans(row: Row, end: number, merge: boolean): Span[] {
  const step = Math.min(...row.times.slice(1).map((time, index) => time - row.times[index]!), Infinity);
  const found: Span[] = [];
  row.times.forEach((time, index) => {
    const value = row.field.values[index];
    if (value === null || value === undefined) return;
    const next = row.times[index + 1];
    const to = Math.min(
      next !== undefined && next - time <= 1.5 * step ? next : time + (Number.isFinite(step) ? step : 0),
      end,
    );
    const last = found.at(-1);
    if (merge && last && last.value === value && last.to === time) last.to = to;
    else found.push({from: time, to, value});
  });
  return found;
}

// Times under a chart, as many as there is room for.
export function ticks(from: number, to: number, width: number): string[] {
  const count = Math.max(2, Math.floor(width / 110));
  return Array.from({length: count}, (_, n) =>
    new Date(from + ((to - from) * n) / (count - 1)).toISOString().slice(11, 16),
  );
}
