// The page of a dashboard: asks the server for what its address means, draws it, and says what became of each panel.
import {createTheme, ThemeContext, type GrafanaTheme2} from '@grafana/data';
import {initPluginTranslations} from '@grafana/i18n';
import {GlobalStyles} from '@grafana/ui';
import type {ReactNode} from 'react';
import {createRoot} from 'react-dom/client';

import {pixels} from '../shared/grid';
import type {Drawing, PanelReport} from '../shared/model';
import {prepare, timeRange, type PanelData} from './data';
import {dashboardLinks, replacer} from './links';
import {PanelFrame, report} from './panel';
import {settle} from './settle';
import './page.css';

declare global {
  interface Window {
    // What became of the panels, or why there are none; undefined until all is drawn.
    drawn?: PanelReport[] | string;
    // Waits until the page is drawn anew, after its size has changed.
    settle?: () => Promise<number[]>;
  }
}

const MARGIN = 16;

async function main(): Promise<void> {
  const answer = await fetch(location.pathname.replace(/^\/d\//, '/drawing/') + location.search);
  if (!answer.ok) throw new Error(await answer.text());
  const drawing: Drawing = await answer.json();
  await initPluginTranslations('dashboards-render');
  const theme = createTheme({colors: {mode: drawing.theme}});
  const data = await Promise.all(drawing.panels.map((panel) => prepare(panel, theme)));
  const reports = drawing.panels.map((panel, index) => report(panel, data[index]!));
  document.title = drawing.title;
  createRoot(document.getElementById('root')!).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <Dashboard {...{drawing, data, reports, theme}} />
    </ThemeContext.Provider>,
  );
  for (const number of await settle()) reports[number]!.errors.push('nothing was drawn');
  window.settle = settle;
  window.drawn = reports;
}

const minute = (at: number) => new Date(at).toISOString().slice(0, 16);

interface Parts {
  drawing: Drawing;
  data: PanelData[];
  reports: PanelReport[];
  theme: GrafanaTheme2;
}

function Dashboard({drawing, data, reports, theme}: Parts): ReactNode {
  const width = document.documentElement.clientWidth - 2 * MARGIN;
  const places = drawing.panels.map(({panel}) => pixels(panel.gridPos, width));
  const bottom = Math.max(0, ...places.map(({top, height}) => top + height));
  const variables = Object.entries(drawing.choices).filter(([, {hidden}]) => !hidden);
  return (
    <main id="dashboard" style={{background: theme.colors.background.canvas, color: theme.colors.text.primary}}>
      <header>
        <h1>{drawing.title}</h1>
        {variables.map(([name, choice]) => (
          <span key={name} className="choice" style={{borderColor: theme.colors.border.medium}}>
            {choice.label} <b>{choice.text || '–'}</b>
          </span>
        ))}
        {dashboardLinks(drawing).map(({title, href}) => (
          <a key={href} className="link" href={href}>
            {title}
          </a>
        ))}
        <time>
          {minute(drawing.range.from)} – {minute(drawing.range.to)} UTC
        </time>
      </header>
      <div style={{position: 'relative', height: bottom + MARGIN}}>
        {drawing.panels.map((panel, index) => (
          <section key={index} style={{position: 'absolute', ...places[index]}}>
            {panel.panel.type === 'row' ? (
              <h2>{panel.panel.title}</h2>
            ) : (
              <PanelFrame
                number={index}
                outcome={reports[index]!}
                visual={{
                  drawing: panel,
                  frames: data[index]!.frames,
                  width: places[index]!.width,
                  height: places[index]!.height,
                  theme,
                  range: timeRange(panel.range),
                  replace: replacer(panel),
                }}
              />
            )}
          </section>
        ))}
      </div>
    </main>
  );
}

main().catch((error: Error) => {
  window.drawn = error.message;
  document.body.textContent = error.message;
});
