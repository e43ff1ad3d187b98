import {renderTextPanelMarkdown, textUtil} from '@grafana/data';
import type {ReactNode} from 'react';

import type {Visual} from '../panel';

export function TextPanel({drawing, replace}: Visual): ReactNode {
  const {mode = 'markdown', content = ''} = drawing.panel.options ?? {};
  const text = replace(content, {}, 'html');
  if (mode === 'code') return <pre>{text}</pre>;
  const html = mode === 'html' ? textUtil.sanitizeTextPanelContent(text) : renderTextPanelMarkdown(text);
  return <div className="markdown-html" dangerouslySetInnerHTML={{__html: html}} />;
}
