// From the answers of Prometheus to what a panel shows: transformations, then the settings of fields.
import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  dateTime,
  displayNameOverrideProcessor,
  FieldColorModeId,
  identityOverrideProcessor,
  numberOverrideProcessor,
  Registry,
  standardTransformers,
  standardTransformersRegistry,
  ThresholdsMode,
  thresholdsOverrideProcessor,
  transformDataFrame,
  TransformerCategory,
  type DataFrame,
  type FieldConfigPropertyItem,
  type FieldConfigSource,
  type FieldOverrideContext,
  type GrafanaTheme2,
  type TimeRange,
} from '@grafana/data';

import {interpolate} from '../shared/interpolate';
import type {Panel, PanelDrawing, PlainFrame, Range} from '../shared/model';
import {replacer} from './links';

standardTransformersRegistry.setInit(() =>
  [...new Set(Object.values(standardTransformers))].map((transformer) => ({
    id: transformer.id,
    name: transformer.name,
    transformation: () => Promise.resolve(transformer),
    editor: () => null,
    imageDark: '',
    imageLight: '',
    categories: new Set<TransformerCategory>(),
  })),
);

export interface PanelData {
  frames: DataFrame[];
  errors: string[];
}

// Transform the frames of a panel and give each field what its panel says of it: unit, colours, links.
export async function prepare(drawing: PanelDrawing, theme: GrafanaTheme2): Promise<PanelData> {
  const {panel, choices} = drawing;
  const transformations = (panel.transformations ?? []).filter(({disabled}) => !disabled);
  const unknown = transformations.filter(({id}) => !standardTransformersRegistry.getIfExists(id));
  const errors = unknown.map(({id}) => `the transformation ${id} is not among Grafana's published ones`);
  const context = {interpolate: (text: string) => interpolate(text, choices, 'glob')};
  const transformed = await new Promise<DataFrame[]>((resolve, reject) => {
    transformDataFrame(transformations, drawing.frames.map(frame), context).subscribe({next: resolve, error: reject});
  });
  const fieldConfig = withDefaults(panel);
  const frames = applyFieldOverrides({
    data: transformed,
    fieldConfig,
    fieldConfigRegistry: registry(fieldConfig),
    replaceVariables: replacer(drawing),
    theme,
    timeZone: 'utc',
  });
  cacheFieldDisplayNames(frames);
  return {frames, errors};
}

const frame = (plain: PlainFrame): DataFrame => plain as DataFrame;

// Grafana's own times of a range.
export function timeRange(range: Range): TimeRange {
  const times = {from: dateTime(range.from), to: dateTime(range.to)};
  return {...times, raw: times};
}

// Grafana's panels come with these settings, where a dashboard does not say others.
function withDefaults({type, fieldConfig}: Panel): FieldConfigSource {
  const color = {mode: PALETTE.includes(type) ? FieldColorModeId.PaletteClassic : FieldColorModeId.Thresholds};
  const thresholds = {
    mode: ThresholdsMode.Absolute,
    steps: [
      {value: -Infinity, color: 'green'},
      {value: 80, color: 'red'},
    ],
  };
  return {defaults: {thresholds, color, ...fieldConfig?.defaults}, overrides: fieldConfig?.overrides ?? []};
}

const PALETTE = ['timeseries', 'heatmap'];

// Grafana registers the settings of fields with their editors. Here those that the panel uses are, without any.
function registry({defaults, overrides}: FieldConfigSource): Registry<FieldConfigPropertyItem> {
  const processors: Record<string, FieldConfigPropertyItem['process']> = {
    min: numberOverrideProcessor,
    max: numberOverrideProcessor,
    decimals: numberOverrideProcessor,
    // Names may hold variables of the field.
    displayName: (value, context) => displayNameOverrideProcessor(value, context, {expandTemplateVars: true}),
    thresholds: (value, context: FieldOverrideContext) =>
      thresholdsOverrideProcessor(withBase(value), context, undefined as never),
  };
  const ids = new Set([
    ...Object.keys(defaults).filter((id) => id !== 'custom'),
    ...Object.keys(defaults.custom ?? {}).map((id) => `custom.${id}`),
    ...overrides.flatMap(({properties}) => properties.map(({id}) => id)),
  ]);
  return new Registry<FieldConfigPropertyItem>(() =>
    [...ids].map((id) => ({
      id,
      path: id.replace(/^custom\./, ''),
      name: id,
      isCustom: id.startsWith('custom.'),
      editor: () => null,
      override: () => null,
      process: processors[id] ?? identityOverrideProcessor,
      shouldApply: () => true,
    })),
  );
}

// In JSON the first step of thresholds has no value, for there is no infinity.
function withBase(thresholds: {mode: string; steps: {value: number | null; color: string}[]} | undefined) {
  if (!thresholds) return thresholds;
  const steps = thresholds.steps.map((step, index) => (index === 0 ? {...step, value: -Infinity} : step));
  return {...thresholds, steps};
}
