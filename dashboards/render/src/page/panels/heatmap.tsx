// Grafana does not publish its heatmap: a cell for each series and step, coloured from the least to the greatest value.
import {FieldColorModeId, fieldColorModeRegistry, FieldType, type Field} from '@grafana/data';
import type {ReactNode} from 'react';

import type {Visual} from '../panel';
import {rows, spans, ticks} from './grid';

const LABELS = 120;
const AXIS = 18;

// Of Grafana's colour schemes for heatmaps only these have a counterpart among those that it publishes.
const SCHEMES: Record<string, FieldColorModeId> = {
  RdYlGn: FieldColorModeId.ContinuousGrYlRd,
  Blues: FieldColorModeId.ContinuousBlues,
  Reds: FieldColorModeId.ContinuousReds,
  Greens: FieldColorModeId.ContinuousGreens,
  Purples: FieldColorModeId.ContinuousPurples,
};

export function HeatmapPanel({drawing, frames, width, height, range, theme}: Visual): ReactNode {
  const options = drawing.panel.options ?? {};
  const [from, to] = [range.from.valueOf(), range.to.valueOf()];
  const all = rows(frames).filter(({field}) => field.type === FieldType.number);
  const numbers = all.flatMap(({field}) => field.values.filter((value) => value !== null) as number[]);
  const min = options['color']?.min ?? numbers.reduce((one, other) => Math.min(one, other), Infinity);
  const max = options['color']?.max ?? numbers.reduce((one, other) => Math.max(one, other), -Infinity);
  const mode = SCHEMES[options['color']?.scheme] ?? FieldColorModeId.ContinuousBlPu;
  const color = fieldColorModeRegistry.get(mode).getCalculator({config: {}} as Field, theme);
  const x = (ms: number) => LABELS + ((width - LABELS) * (ms - from)) / (to - from);
  const rowHeight = (height - AXIS) / all.length;
  return (
    <div style={{width, height}}>
      <svg width={width} height={height - AXIS} shapeRendering="crispEdges">
        {all.map((row, index) => (
          <g key={index}>
            {(rowHeight >= 10 || index % Math.ceil(10 / rowHeight) === 0) && (
              <text
                x={LABELS - 6}
                y={(index + 0.5) * rowHeight + 4}
                textAnchor="end"
                fontSize="11"
                fill={theme.colors.text.secondary}
              >
                {row.name}
              </text>
            )}
            {spans(row, to, true).map((span) => (
              <rect
                key={span.from}
                x={x(span.from)}
                y={index * rowHeight}
                width={x(span.to) - x(span.from)}
                height={Math.max(rowHeight - (rowHeight > 4 ? 1 : 0), 0.5)}
                fill={color(span.value as number, ((span.value as number) - min) / (max - min || 1))}
              />
            ))}
          </g>
        ))}
      </svg>
      <div className="timeline-axis" style={{paddingLeft: LABELS}}>
        {ticks(from, to, width - LABELS).map((tick, index) => (
          <span key={index}>{tick}</span>
        ))}
      </div>
    </div>
  );
}
