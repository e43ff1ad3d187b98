// Answers of Prometheus as data frames, in the shapes of Grafana's Prometheus data source.
import type {PlainField, PlainFrame, Target} from '../shared/model';
import type {Labels, Series} from './prometheus';

// JSON has no NaN and no infinity; a gap is drawn for them.
const number = (text: string) => (Number.isFinite(Number(text)) ? Number(text) : null);
const milliseconds = (seconds: number) => Math.round(seconds * 1000);

// The name of a series by the format of the legend; undefined leaves the name to Grafana, which makes it of the labels.
export function legend(format: string | undefined, labels: Labels, expression: string): string | undefined {
  if (format && format !== '__auto') {
    return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label: string) => labels[label] ?? '');
  }
  if (Object.keys(labels).length === 0) return expression;
  if (format === '__auto') return undefined;
  const {__name__: name = '', ...others} = labels;
  const pairs = Object.entries(others).map(([label, value]) => `${label}="${value}"`);
  return pairs.length ? `${name}{${pairs.join(', ')}}` : name;
}

// One frame for each series: its times and its values.
export function timeSeries(series: Series[], target: Target, expression: string, stepMs?: number): PlainFrame[] {
  return series.map(({metric, samples}) => {
    const name = legend(target.legendFormat, metric, expression);
    return {
      refId: target.refId,
      length: samples.length,
      fields: [
        {name: 'Time', type: 'time', values: samples.map(([time]) => milliseconds(time)), config: {interval: stepMs}},
        {
          name: 'Value',
          type: 'number',
          values: samples.map(([, value]) => number(value)),
          labels: metric,
          config: {displayNameFromDS: name},
        },
      ],
    };
  });
}

// One frame for all series: the time, a column for each label, the value.
export function table(series: Series[], target: Target, valueName: string): PlainFrame {
  const labels = [...new Set(series.flatMap(({metric}) => Object.keys(metric)))].sort();
  const rows = series.flatMap(({metric, samples}) => samples.map((sample) => ({metric, sample})));
  const columns: PlainField[] = labels.map((label) => ({
    name: label,
    type: 'string',
    values: rows.map(({metric}) => metric[label] ?? ''),
    config: {},
  }));
  return {
    refId: target.refId,
    length: rows.length,
    fields: [
      {name: 'Time', type: 'time', values: rows.map(({sample}) => milliseconds(sample[0])), config: {}},
      ...columns,
      {name: valueName, type: 'number', values: rows.map(({sample}) => number(sample[1])), config: {}},
    ],
  };
}
