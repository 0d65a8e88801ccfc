import Markdown from 'markdown-to-jsx';
import type { ReactElement } from 'react';
import { Diagram } from './diagram';
import { CopyableCode } from './ui';

function Fenced({ children }: { children: ReactElement<{ className?: string; children?: string }> }): ReactElement {
  const { className = '', children: text = '' } = children.props;
  const code = String(text).replace(/\n$/, '');
  return /\b(?:lang|language)-mermaid\b/.test(className) ? <Diagram source={code} /> : <CopyableCode code={code} />;
}

/** Headings start below the page's own. Links open elsewhere and send no address; images of foreign hosts are not loaded. */
export default function MarkdownText({ text }: { text: string }): ReactElement {
  return (
    <div className="prose">
      <Markdown
        options={{
          disableParsingRawHTML: true,
          forceBlock: true,
          overrides: {
            pre: { component: Fenced },
            h1: { component: 'h3' },
            h2: { component: 'h4' },
            h3: { component: 'h5' },
            a: { props: { target: '_blank', rel: 'noreferrer noopener' } },
            img: { component: ({ alt }: { alt?: string }) => <em>{alt}</em> },
            table: {
              component: ({ children }: { children: ReactElement }) => (
                <div className="scroll-x" tabIndex={0} role="group">
                  <table>{children}</table>
                </div>
              ),
            },
          },
        }}
      >
        {text}
      </Markdown>
    </div>
  );
}
