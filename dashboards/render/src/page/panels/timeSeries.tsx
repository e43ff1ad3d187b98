import {LegendDisplayMode} from '@grafana/schema';
import {TimeSeries} from '@grafana/ui';
import type {ReactNode} from 'react';

import type {Visual} from '../panel';

export function TimeSeriesPanel({drawing, frames, width, height, range}: Visual): ReactNode {
  const legend = drawing.panel.options?.['legend'] ?? {
    showLegend: true,
    displayMode: LegendDisplayMode.List,
    placement: 'bottom',
    calcs: [],
  };
  return <TimeSeries frames={frames} width={width} height={height} timeRange={range} timeZone="utc" legend={legend} />;
}
