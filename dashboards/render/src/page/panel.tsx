// A panel: Grafana's frame around it, its visualization, and what went wrong.
import type {DataFrame, GrafanaTheme2, InterpolateFunction, TimeRange} from '@grafana/data';
import {ErrorBoundary, PanelChrome} from '@grafana/ui';
import type {ReactNode} from 'react';

import type {PanelDrawing, PanelReport} from '../shared/model';
import type {PanelData} from './data';
import {fieldLinks, panelLinks} from './links';
import {AlertList} from './panels/alertList';
import {BarGaugePanel} from './panels/barGauge';
import {GaugePanel} from './panels/gauge';
import {HeatmapPanel} from './panels/heatmap';
import {StateTimelinePanel} from './panels/stateTimeline';
import {StatPanel} from './panels/stat';
import {TablePanel} from './panels/table';
import {TextPanel} from './panels/text';
import {TimeSeriesPanel} from './panels/timeSeries';

export interface Visual {
  drawing: PanelDrawing;
  frames: DataFrame[];
  width: number;
  height: number;
  theme: GrafanaTheme2;
  range: TimeRange;
  replace: InterpolateFunction;
}

type Kind = {draw: (visual: Visual) => ReactNode; drawn: PanelReport['drawn']};

// By what a panel is drawn: a component that Grafana publishes, or an approximation of one that it does not.
const KINDS: Record<string, Kind> = {
  alertlist: {draw: AlertList, drawn: 'approximation'},
  bargauge: {draw: BarGaugePanel, drawn: 'grafana'},
  gauge: {draw: GaugePanel, drawn: 'approximation'},
  heatmap: {draw: HeatmapPanel, drawn: 'approximation'},
  stat: {draw: StatPanel, drawn: 'grafana'},
  'state-timeline': {draw: StateTimelinePanel, drawn: 'approximation'},
  'status-history': {draw: StateTimelinePanel, drawn: 'approximation'},
  table: {draw: TablePanel, drawn: 'grafana'},
  text: {draw: TextPanel, drawn: 'grafana'},
  timeseries: {draw: TimeSeriesPanel, drawn: 'grafana'},
};
const WITHOUT_DATA = ['text', 'alertlist'];

// What became of a panel. Drawing it adds the errors of the visualization.
export function report(drawing: PanelDrawing, data: PanelData): PanelReport {
  const {panel} = drawing;
  const kind = KINDS[panel.type];
  const unknown = kind || panel.type === 'row' ? [] : [`panels of the type ${panel.type} cannot be drawn here`];
  const rows = (frame: DataFrame) => (panel.type === 'table' ? frame.length : 1);
  return {
    id: panel.id,
    title: panel.title ?? '',
    type: panel.type,
    series: data.frames.reduce((sum, frame) => sum + (frame.length ? rows(frame) : 0), 0),
    drawn: kind?.drawn ?? 'nothing',
    links: [...panelLinks(drawing).map(({href}) => href), ...fieldLinks(data.frames, panel.type === 'table')],
    errors: [...drawing.errors, ...data.errors, ...unknown],
  };
}

interface Frame {
  number: number;
  visual: Visual;
  outcome: PanelReport;
}

export function PanelFrame({number, visual, outcome}: Frame): ReactNode {
  const {drawing, width, height} = visual;
  const {panel} = drawing;
  const links = panelLinks(drawing).map(({title, href}) => (
    <a key={href} className="link" href={href}>
      {title}
    </a>
  ));
  return (
    <PanelChrome
      title={panel.title}
      description={panel.description}
      width={width}
      height={height}
      displayMode={panel.transparent ? 'transparent' : 'default'}
      padding={panel.type === 'table' ? 'none' : 'md'}
      titleItems={links.length ? links : undefined}
      statusMessage={outcome.errors.join('; ') || undefined}
    >
      {(innerWidth, innerHeight) => (
        <ErrorBoundary onError={(error) => void outcome.errors.push(error.message)}>
          {({error}) => {
            if (error) return <div className="note">{error.message}</div>;
            return <Body {...{number, outcome}} visual={{...visual, width: innerWidth, height: innerHeight}} />;
          }}
        </ErrorBoundary>
      )}
    </PanelChrome>
  );
}

function Body({number, visual, outcome}: Frame): ReactNode {
  const kind = KINDS[outcome.type];
  if (!kind) return <div className="note">{outcome.errors.at(-1)}</div>;
  if (outcome.series === 0 && !WITHOUT_DATA.includes(outcome.type)) {
    return (
      <div className="note">{outcome.errors[0] ?? visual.drawing.panel.fieldConfig?.defaults.noValue ?? 'No data'}</div>
    );
  }
  const Draw = kind.draw;
  return (
    <div data-panel={number} data-kind={outcome.type}>
      <Draw {...visual} />
    </div>
  );
}
