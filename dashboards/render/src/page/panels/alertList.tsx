// Grafana's alert list asks Grafana: this one shows what Prometheus itself says is pending or firing now.
import type {ReactNode} from 'react';

import type {Visual} from '../panel';

export function AlertList({drawing, theme}: Visual): ReactNode {
  if (drawing.alerts.length === 0) return <div className="note">No alerts matching filters</div>;
  return drawing.alerts.map(({labels, annotations, state}, index) => (
    <div key={index} className="alert">
      <b style={{color: state === 'firing' ? theme.colors.error.text : theme.colors.warning.text}}>{state}</b>
      <span>{labels['alertname']}</span>
      <span>{annotations['summary']}</span>
    </div>
  ));
}
