/** A CodeMirror editor as a component. It owns its text; the page reads it, or sets another one. */
import { javascript } from "@codemirror/lang-javascript";
import { python } from "@codemirror/lang-python";
import { defaultHighlightStyle, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, keymap } from "@codemirror/view";
import { basicSetup } from "codemirror";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** Lines to be marked: the one that runs, and those that an exception came through. */
export interface MarkedLines {
  readonly current: number;
  readonly raised: readonly number[];
}

export interface EditorProps {
  /** What it starts with, and what it shows whenever `revision` changes. */
  readonly text: string;
  /** Grows with each text that does not come from the editor itself: only then is the text taken from outside. */
  readonly revision: number;
  readonly language: "python" | "typescript";
  readonly label: string;
  readonly marked?: MarkedLines;
  onChange(text: string): void;
  /** Ctrl-Enter, or Cmd-Enter. */
  onRun(): void;
}

const mark = StateEffect.define<MarkedLines>();
const current = Decoration.line({ class: "play-line-current" });
const raised = Decoration.line({ class: "play-line-raised" });

const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(set, transaction) {
    let updated = set.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(mark)) continue;
      const { doc } = transaction.state;
      const at = (line: number): number => doc.line(line).from;
      const known = (line: number): boolean => line >= 1 && line <= doc.lines;
      const lines = new Set(effect.value.raised.filter(known));
      updated = Decoration.set(
        [
          ...[...lines].map((line) => raised.range(at(line))),
          ...(known(effect.value.current) ? [current.range(at(effect.value.current))] : []),
        ],
        true,
      );
    }
    return updated;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** The editor's own colours, with one that can be read on white: that of f-strings and escapes is too pale. */
const colours = HighlightStyle.define(
  defaultHighlightStyle.specs.map((spec) =>
    spec["color"] === "#e40" ? { ...spec, color: "#b03a00" } : spec,
  ),
);

export function Editor(props: EditorProps): VNode {
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  // The editor is made once, and calls what the newest rendering gave.
  const newest = useRef(props);
  newest.current = props;

  useEffect(() => {
    const language = new Compartment();
    const made = new EditorView({
      parent: parent.current!,
      state: EditorState.create({
        doc: newest.current.text,
        extensions: [
          keymap.of([
            {
              key: "Mod-Enter",
              run: () => {
                newest.current.onRun();
                return true;
              },
            },
          ]),
          basicSetup,
          syntaxHighlighting(colours),
          language.of(
            newest.current.language === "python" ? python() : javascript({ typescript: true }),
          ),
          EditorState.tabSize.of(4),
          marks,
          // In the order of the Tab key by its own word: what can be scrolled has to be reached by keyboard.
          EditorView.contentAttributes.of({ "aria-label": newest.current.label, tabindex: "0" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) newest.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);

  useEffect(() => {
    const made = view.current!;
    if (made.state.doc.toString() === props.text) return;
    made.dispatch({ changes: { from: 0, to: made.state.doc.length, insert: props.text } });
  }, [props.revision]);

  useEffect(() => {
    view.current!.dispatch({ effects: mark.of(props.marked ?? { current: 0, raised: [] }) });
  }, [props.marked?.current, props.marked?.raised]);

  return <div class="play-editor not-content" ref={parent} />;
}
