// Grafana does not publish its gauge: an arc of the same colours, from the same values.
import {formattedValueToString, type FieldDisplay} from '@grafana/data';
import type {ReactNode} from 'react';

import type {Visual} from '../panel';
import {Values} from './values';

export function GaugePanel(visual: Visual): ReactNode {
  return (
    <Values
      {...visual}
      layout={{autoGrid: true}}
      draw={({value, width, height}) => arc(value, width, height, visual)}
    />
  );
}

function arc(value: FieldDisplay, width: number, height: number, {theme}: Visual): ReactNode {
  const {min = 0, max = 100} = value.field;
  const share = Math.min(1, Math.max(0, (value.display.numeric - (min ?? 0)) / ((max ?? 100) - (min ?? 0) || 1)));
  const path = {d: 'M 10 55 A 40 40 0 0 1 90 55', fill: 'none', strokeWidth: 10, pathLength: 1};
  return (
    <svg width={width} height={height} viewBox="0 0 100 66">
      <path {...path} stroke={theme.colors.background.secondary} />
      <path {...path} stroke={value.display.color} strokeDasharray={`${share} 1`} />
      <text x="50" y="53" textAnchor="middle" fontSize="14" fill={value.display.color}>
        {formattedValueToString(value.display)}
      </text>
      <text x="50" y="64" textAnchor="middle" fontSize="7" fill={theme.colors.text.primary}>
        {value.display.title}
      </text>
    </svg>
  );
}
