// What became of the panels, for people and for programs.
import type {PanelReport} from '../shared/model';

export interface DashboardReport {
  uid: string;
  title: string;
  // Where the picture was taken, which is elsewhere after links were followed.
  address?: string;
  picture?: string;
  error?: string;
  panels: PanelReport[];
}

const shown = (panel: PanelReport) => panel.type !== 'row';
const empty = (panel: PanelReport) => panel.series === 0 && panel.type !== 'text' && panel.type !== 'alertlist';

// Whether all is drawn and nothing is empty.
export function complete(reports: DashboardReport[]): boolean {
  return reports.every(
    ({error, panels}) =>
      !error && panels.every((panel) => !shown(panel) || (panel.errors.length === 0 && !empty(panel))),
  );
}

// A line for each dashboard, and one for each panel that a reader has to know about.
export function text(report: DashboardReport): string[] {
  if (report.error) return [`${report.uid}: not drawn: ${report.error}`];
  const panels = report.panels.filter(shown);
  const series = panels.reduce((sum, panel) => sum + panel.series, 0);
  const lines = panels.flatMap((panel) => [
    ...panel.errors.map((error) => `  ${panel.title} (${panel.type}): ${error}`),
    ...(empty(panel) && panel.errors.length === 0 ? [`  ${panel.title} (${panel.type}): no data`] : []),
  ]);
  const own = panels.filter(({drawn}) => drawn === 'approximation').map(({title, type}) => `${title} (${type})`);
  if (own.length) lines.push(`  drawn by an approximation: ${own.join(', ')}`);
  return [
    `${report.uid}: ${panels.length} panels, ${series} series${report.picture ? `, ${report.picture}` : ''}`,
    ...lines,
  ];
}
