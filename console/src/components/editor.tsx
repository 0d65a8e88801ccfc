import { autocompletion, type CompletionContext } from '@codemirror/autocomplete';
import { json } from '@codemirror/lang-json';
import { yaml } from '@codemirror/lang-yaml';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { basicSetup } from 'codemirror';
import { useEffect, useRef, type ReactElement } from 'react';
import { styleNonce } from '../nonce';
import type { EditorProps } from './text';

const LANGUAGES = { yaml, json } as const;

export default function CodeEditor({
  value,
  onChange,
  language,
  label,
  faults = [],
  words = [],
  height = 420,
}: EditorProps): ReactElement {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const changed = useRef(onChange);
  changed.current = onChange;
  const offered = useRef(words);
  offered.current = words;
  useEffect(() => {
    if (!host.current) return undefined;
    const complete = (context: CompletionContext) => {
      const word = context.matchBefore(/[\w-]*/);
      if (!word || (word.from === word.to && !context.explicit)) return null;
      return { from: word.from, options: offered.current.map((one) => ({ ...one, type: 'property' })) };
    };
    const readOnly = new Compartment();
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          EditorView.cspNonce.of(styleNonce() ?? ''),
          basicSetup,
          LANGUAGES[language](),
          lintGutter(),
          autocompletion({ override: [complete] }),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label }),
          readOnly.of(EditorState.readOnly.of(changed.current === undefined)),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current?.(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
    // The editor is made once for a language; its text follows below.
  }, [language, label]);
  useEffect(() => {
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== value)
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);
  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const { doc } = editor.state;
    const found = faults.map(({ line, message }) => {
      const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines));
      return { from, to, message, severity: 'error' as const };
    });
    editor.dispatch(setDiagnostics(editor.state, found));
  }, [faults, value]);
  return <div ref={host} className="editor" style={{ height }} />;
}
