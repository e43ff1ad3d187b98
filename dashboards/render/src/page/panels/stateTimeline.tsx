// Grafana does not publish its state timeline: bars of the same colours and texts, without its legend and tooltip.
import {formattedValueToString} from '@grafana/data';
import type {ReactNode} from 'react';

import type {Visual} from '../panel';
import {rows, spans, ticks} from './grid';

const LABELS = 160;
const AXIS = 18;

export function StateTimelinePanel({drawing, frames, width, height, range, theme}: Visual): ReactNode {
  const options = drawing.panel.options ?? {};
  const [from, to] = [range.from.valueOf(), range.to.valueOf()];
  const percent = (ms: number) => `${(100 * ms) / (to - from)}%`;
  const all = rows(frames);
  const rowHeight = Math.min((height - AXIS) / all.length, 40);
  const shown = all.slice(0, Math.max(1, Math.floor((height - AXIS) / Math.max(rowHeight, 12))));
  const merge = drawing.panel.type === 'state-timeline' && options['mergeValues'] !== false;
  return (
    <div style={{width, height, overflow: 'hidden'}}>
      {shown.map((row, index) => (
        <div key={index} className="timeline-row" style={{height: Math.max(rowHeight, 12)}}>
          <span style={{width: LABELS}} title={row.name}>
            {row.name}
          </span>
          <div style={{height: `${100 * (options['rowHeight'] ?? 0.9)}%`}}>
            {spans(row, to, merge).map((span) => {
              const display = row.field.display!(span.value);
              const place = {left: percent(span.from - from), width: percent(span.to - span.from)};
              const color = theme.colors.getContrastText(display.color ?? theme.colors.background.secondary);
              return (
                <i key={span.from} style={{...place, background: display.color, color}}>
                  {options['showValue'] === 'never' ? '' : formattedValueToString(display)}
                </i>
              );
            })}
          </div>
        </div>
      ))}
      <div className="timeline-axis" style={{paddingLeft: LABELS, height: AXIS}}>
        {ticks(from, to, width - LABELS).map((tick, index) => (
          <span key={index}>{tick}</span>
        ))}
      </div>
      {shown.length < all.length && <div>{all.length - shown.length} more rows</div>}
    </div>
  );
}
