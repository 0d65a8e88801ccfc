import { autocompletion, type CompletionContext } from '@codemirror/autocomplete';
import { json } from '@codemirror/lang-json';
import { yaml } from '@codemirror/lang-yaml';
import { syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState, type Text } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { basicSetup } from 'codemirror';
import { useEffect, useRef, type ReactElement } from 'react';
import { styleNonce } from '../nonce';
import type { EditorProps } from './text';

const LANGUAGES = { yaml, json } as const;

const FIELD = /^(\s*(?:- +)*)([\w-]+):(.*)$/;

/** The fields that enclose a place of a YAML document by their indentation, outermost first, and the field whose value is there. */
function placeOf(doc: Text, at: number): [path: string[], field: string | undefined] {
  const line = doc.lineAt(at);
  const before = line.text.slice(0, at - line.from);
  const field = FIELD.exec(before)?.[2];
  let indent = /^[\s-]*/.exec(before)?.[0].length ?? 0;
  const path: string[] = [];
  for (let number = line.number - 1; number > 0 && indent > 0; number--) {
    const found = FIELD.exec(doc.line(number).text);
    const width = found?.[1]?.length ?? 0;
    // A list may stand at the same indentation as its field.
    const isList = /^\s*- /.test(before) && width === indent - 2 && found?.[3]?.trim() === '';
    if (!found || !(width < indent || isList)) continue;
    path.unshift(found[2] ?? '');
    indent = /^\s*/.exec(found[1] ?? '')?.[0].length ?? 0;
    if (width > indent) indent = Math.max(indent, 1);
  }
  return [path, field];
}

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
      const found =
        typeof offered.current === 'function'
          ? offered.current(...placeOf(context.state.doc, word.from))
          : offered.current;
      return { from: word.from, options: found.map((one) => ({ ...one, type: 'property' })) };
    };
    const readOnly = new Compartment();
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          EditorView.cspNonce.of(styleNonce() ?? ''),
          // Before the basic setup, whose colours are made for light pages only.
          syntaxHighlighting(classHighlighter),
          basicSetup,
          LANGUAGES[language](),
          lintGutter(),
          autocompletion({ override: [complete] }),
          EditorView.lineWrapping,
          // With a tab index, checkers of accessibility see that the keyboard reaches what scrolls.
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
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
