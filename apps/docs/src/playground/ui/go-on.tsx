/** Another program, for the heap of the moment that is shown. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { Editor } from "./editor.tsx";
import type { RunStore } from "./run-store.ts";
import { commonJs } from "./strip-types.ts";
import type { Texts } from "./texts.ts";

const initial = `// runtime is the heap of that moment, restored.
console.log("collected:", runtime.gc.collect());
runtime.verify();
`;

export function GoOn({ texts, store }: { readonly texts: Texts; readonly store: RunStore }): VNode {
  const [code, setCode] = useState(initial);
  const possible = store.goesOnFrom !== undefined;
  const run = async (): Promise<void> => {
    try {
      store.goOn(await commonJs(code));
    } catch (error) {
      store.say(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <section class="play-go-on" aria-label={texts.goOn}>
      <h3>{texts.goOn}</h3>
      <p class="play-help">{texts.goOnHelp}</p>
      <Editor
        text={code}
        revision={0}
        language="typescript"
        label={texts.goOn}
        onChange={setCode}
        onRun={() => {
          if (possible) void run();
        }}
      />
      <button type="button" class="play-go" disabled={!possible} onClick={() => void run()}>
        {texts.goOnRun}
      </button>
    </section>
  );
}
