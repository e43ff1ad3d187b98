// What a dashboard's JSON says, as far as it is read here, and what the server hands to the page.
import type {DataLink, DataTransformerConfig, FieldConfigSource} from '@grafana/data';

export interface DataSourceRef {
  type?: string;
  uid?: string;
}

export interface Target {
  refId: string;
  expr?: string;
  legendFormat?: string;
  format?: 'time_series' | 'table' | 'heatmap';
  instant?: boolean;
  range?: boolean;
  interval?: string;
  hide?: boolean;
  datasource?: DataSourceRef;
}

export interface Panel {
  id: number;
  type: string;
  title?: string;
  description?: string;
  gridPos: {x: number; y: number; w: number; h: number};
  datasource?: DataSourceRef;
  targets?: Target[];
  // Each panel type has options of its own.
  options?: Record<string, any>;
  fieldConfig?: FieldConfigSource;
  transformations?: DataTransformerConfig[];
  links?: DataLink[];
  interval?: string;
  maxDataPoints?: number;
  timeFrom?: string;
  transparent?: boolean;
  repeat?: string;
  repeatDirection?: 'h' | 'v';
  maxPerRow?: number;
  collapsed?: boolean;
  panels?: Panel[];
}

export interface Variable {
  name: string;
  type: string;
  label?: string;
  query?: string | {query?: string};
  definition?: string;
  regex?: string;
  sort?: number;
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string;
  hide?: number;
  options?: {value: string | string[]; text: string | string[]; selected?: boolean}[];
  current?: {value?: string | string[]; text?: string | string[]};
}

export interface DashboardLink {
  title: string;
  type: 'link' | 'dashboards';
  url?: string;
  tags?: string[];
  includeVars?: boolean;
  keepTime?: boolean;
}

export interface Dashboard {
  uid: string;
  title: string;
  tags?: string[];
  time?: {from: string; to: string};
  timezone?: string;
  templating?: {list?: Variable[]};
  panels?: Panel[];
  links?: DashboardLink[];
}

// A variable with what is chosen. What Grafana inserts as it stands (the dashboard's own "all value") is literal.
export interface Choice {
  value: string | string[];
  text: string;
  several: boolean;
  literal?: boolean;
  label?: string;
  hidden?: boolean;
}
export type Choices = Record<string, Choice>;

export interface PlainField {
  name: string;
  type: 'time' | 'number' | 'string';
  values: (number | string | null)[];
  labels?: Record<string, string>;
  config: {displayNameFromDS?: string; interval?: number};
}

export interface PlainFrame {
  refId: string;
  length: number;
  fields: PlainField[];
}

export interface Alert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  state: string;
  activeAt: string;
}

export interface Range {
  from: number;
  to: number;
}

// A panel with its data, ready to be drawn.
export interface PanelDrawing {
  panel: Panel;
  frames: PlainFrame[];
  alerts: Alert[];
  errors: string[];
  choices: Choices;
  range: Range;
}

// A dashboard with its data, ready to be drawn.
export interface Drawing {
  uid: string;
  title: string;
  theme: 'dark' | 'light';
  range: Range;
  choices: Choices;
  links: DashboardLink[];
  neighbours: {uid: string; title: string; tags: string[]}[];
  panels: PanelDrawing[];
}

// What became of a panel. Links are those a reader could click on.
export interface PanelReport {
  id: number;
  title: string;
  type: string;
  series: number;
  drawn: 'grafana' | 'approximation' | 'nothing';
  links: string[];
  errors: string[];
}
